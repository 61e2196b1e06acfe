#!/bin/sh
# Makes the tree of reference tools, newer than the host's, that tests and the demo check against. BOOTC_ORACLE names another one.
set -eu
cd "$(dirname "$0")/.."

tree=${BOOTC_ORACLE:-$PWD/out/oracle}
made=$(sha256sum < build/oracle.sh)
if [ -x "$tree/usr/bin/ostree" ] && { [ -n "${BOOTC_ORACLE:-}" ] || [ "$(cat "$tree/.made-by" 2> /dev/null)" = "$made" ]; }; then exit 0; fi
if [ -n "${BOOTC_ORACLE:-}" ]; then
  echo "error: BOOTC_ORACLE names $tree, which has no ostree" >&2
  exit 1
fi

build/deps.sh oracle
echo "== making the tree of reference tools from Debian sid"
rm -rf "$tree" "$tree.new"
mkdir -p out
packages="ostree composefs umoci skopeo podman crun cosign fsverity erofs-utils attr acl libcap2-bin
  rpm dnf5 createrepo-c systemd-standalone-sysusers systemd-standalone-tmpfiles"
# A mirror that lags behind is good enough for tools: its lists may be past their date.
mmdebstrap --quiet --mode=root --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' --include="$(echo $packages | tr ' ' ',')" \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  sid "$tree.new" http://deb.debian.org/debian > out/oracle.log 2>&1 || {
  cat out/oracle.log >&2
  exit 1
}
echo "$made" > "$tree.new/.made-by" # so that a tree without a tool that was added is made anew
mv "$tree.new" "$tree"
