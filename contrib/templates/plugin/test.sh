#!/bin/sh
# What the daemon says of the plugin as it was just built. Run by make check.
set -eu
daemon=${DAEMON:-kode-kronical-daemon}
here=$(pwd -P)
of_host=$(${PKG_CONFIG:-pkg-config} --variable=hostplugindir kode-kronical)
number=0 failed=0

ok ()
{
  what=$1
  shift
  number=$((number + 1))
  if output=$("$@" 2>&1); then
    echo "ok $number - $what"
  else
    failed=1
    echo "not ok $number - $what"
    printf '%s\n' "$output" | sed 's/^/# /'
  fi
}

ok "the daemon can load it and describe it" "$daemon" --plugin-dir "$here" plugin info @NAME@
ok "its conf.d file is accepted" "$daemon" --plugin-dir "$here:$of_host" -c "$here/@NAME@.yaml" config --check
ok "plugin check finds nothing wrong" "$daemon" plugin check "$here/@NAME@.so"
echo "1..$number"
exit $failed
