#!/bin/sh
# Runs a command of the tree of reference tools, with this machine's files in their place: reference.sh COMMAND [ARG...]
set -eu
cd "$(dirname "$0")/.."

repository=$PWD
tree=${BOOTC_ORACLE:-$repository/out/oracle}
mkdir -p "$tree$repository"
# shellcheck disable=SC2016 # expanded by the inner shell
exec unshare -m --propagation private sh -c '
  tree=$0 repository=$1
  shift
  for d in /proc /sys /dev /tmp "$repository"; do mount --rbind "$d" "$tree$d" || exit 125; done
  exec chroot "$tree" "$@"' "$tree" "$repository" env PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
