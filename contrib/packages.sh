#!/bin/sh
# Sourced by quickstart and check: what this project needs from the system, and how to get it. Run with names of Debian packages,
# it installs them.

# Prints the package system that is here: apt, dnf, pacman, zypper, apk, or nothing.
package_system ()
{
  for one in apt-get dnf pacman zypper apk; do
    if command -v "$one" >/dev/null 2>&1; then
      echo "${one%-get}"
      return
    fi
  done
}

# Prints what a build needs, in the words of one package system.
build_packages ()
{
  case $1 in
  apt) echo gcc libc6-dev make autoconf automake libtool pkg-config libltdl-dev libyaml-dev libjson-c-dev zlib1g-dev libcurl4-openssl-dev libssl-dev perl ;;
  dnf) echo gcc make autoconf automake libtool pkgconf-pkg-config libtool-ltdl-devel libyaml-devel json-c-devel zlib-devel libcurl-devel openssl-devel perl-podlators ;;
  pacman) echo gcc make autoconf automake libtool pkgconf libyaml json-c zlib curl openssl perl ;;
  zypper) echo gcc make autoconf automake libtool pkg-config libyaml-devel libjson-c-devel zlib-devel libcurl-devel libopenssl-devel perl ;;
  apk) echo build-base autoconf automake libtool pkgconf yaml-dev json-c-dev zlib-dev curl-dev openssl-dev linux-headers perl ;;
  esac
}

# Prints the command that installs packages as root.
install_command ()
{
  case $1 in
  apt) echo apt-get install -y --no-install-recommends ;;
  dnf) echo dnf install -y ;;
  pacman) echo pacman -S --needed --noconfirm ;;
  zypper) echo zypper --non-interactive install ;;
  apk) echo apk add ;;
  esac
}

# Prints those of the named Debian packages that are not installed.
missing_debian ()
{
  for one in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$one" 2>/dev/null | grep -qx installed || printf '%s ' "$one"
  done
}

# Runs a command as root: directly, or by sudo where that asks for no password. 126: no way to.
as_root ()
{
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    return 126
  fi
}

# Installs Debian packages; asks for the newest lists when they are not known by the present ones.
install_debian ()
{
  set -- env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@"
  as_root "$@" </dev/null && return
  as_root apt-get -q update </dev/null && as_root "$@" </dev/null
}

# Prints which of the needed tools and libraries a build will not find.
missing_for_build ()
{
  for one in make autoconf automake libtoolize pod2man; do
    command -v "$one" >/dev/null 2>&1 || echo "$one"
  done
  compiler=
  for one in "${CC:-cc}" gcc clang; do
    if [ -z "$compiler" ] && command -v "${one%% *}" >/dev/null 2>&1; then
      compiler=$one
    fi
  done
  [ -n "$compiler" ] || echo "a C compiler"
  if command -v pkg-config >/dev/null 2>&1; then
    for one in yaml-0.1 json-c zlib; do
      pkg-config --exists "$one" || echo "$one (development files)"
    done
  else
    echo pkg-config
  fi
  if [ -n "$compiler" ]; then
    echo '#include <ltdl.h>' | $compiler -E -x c - >/dev/null 2>&1 || echo "libltdl (development files)"
  fi
}

case $0 in
*/packages.sh) install_debian "$@" ;;
esac
