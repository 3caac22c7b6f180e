#!/bin/sh
# What header 1 describes and what another header describes, compared by abidiff: only additions at the end are allowed.
echo 1..3
command -v abidiff >/dev/null 2>&1 || {
  for n in 1 2 3; do echo "ok $n - abidiff # SKIP needs abidiff (package abigail-tools)"; done
  exit 0
}
one=$KK_SOURCE/tests/abi/plugin-1.h
now=$KK_SOURCE/include/kode-kronical/plugin.h
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# A variable that leads to everything header 1 defines, so that the debugging information has it.
{
  echo 'struct kk_all {'
  sed -n 's/^\(enum\|struct\) \(kk_[a-z0-9_]*\) {.*/  \1 \2 *of_\2;/p' "$one"
  echo '} kk_all;'
} >"$dir/faces.c"

build ()
{
  ${KK_CC:-cc} -g -fPIC -shared -include "$1" -o "$2" "$dir/faces.c" 2>>"$dir/log"
}

# keeps HEADER: whether what was built with header 1 fits it.
keeps ()
{
  : >"$dir/log"
  build "$one" "$dir/one.so" && build "$1" "$dir/other.so" || return 2
  abidiff "$dir/one.so" "$dir/other.so" >"$dir/log" 2>&1
  # 1 and 2: abidiff could not work; 8: broken for certain
  [ $(($? & 11)) = 0 ] || return 1
  ! grep -Eq 'deletion|offset changed|name of .* changed|name changed|return type changed|parameter [0-9]+ of type .* (changed:|was )|enumerator change' "$dir/log"
}

result ()
{
  if [ "$1" = 0 ]; then
    echo "ok $2 - $3"
  else
    echo "not ok $2 - $3"
    sed 's/^/# /' "$dir/log"
    failed=1
  fi
}

failed=0
keeps "$now"
result $? 1 "the header of now only adds to header 1"

awk -f "$KK_SOURCE/tests/abi/later.awk" "$one" >"$dir/later.h"
keeps "$dir/later.h"
result $? 2 "a later header that only adds is accepted"

# Each of these would break plugins in the field.
broken=0
while IFS= read -r change; do
  sed "$change" "$one" >"$dir/broken.h"
  keeps "$dir/broken.h"
  status=$?
  if cmp -s "$one" "$dir/broken.h" || [ "$status" != 1 ]; then
    echo "# not noticed ($status): $change"
    broken=1
  fi
done <<'END'
s/uint32_t field, double value)/uint32_t field, float value)/
s/int64_t (\*interval) (/int32_t (*interval) (/
s/^  KK_GAUGE = 1,/  KK_GAUGE = 9,/
s/^  const char \*unit;/  uint32_t unit;/
s/^  uint32_t decimals;/  uint16_t decimals;/
s/^  void (\*log) (/  void (*at_first) (void);\n&/
END
: >"$dir/log"
result "$broken" 3 "a header that breaks plugins is noticed"
exit "$failed"
