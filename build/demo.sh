#!/bin/sh
# The main job on a directory in place of a machine's disk: deploy v1, upgrade to v2, roll back, and what libostree says of it.
set -eu
cd "$(dirname "$0")/.."

registry=${REGISTRY:-127.0.0.1:5080}
sysroot=out/demo

say() { printf '\n== %s\n' "$*"; }
run() {
  printf '$ %s\n' "$*"
  "$@"
}
bootc() { run out/bootc "$@" --sysroot "$sysroot"; }
# libostree keeps deployments immutable.
if [ -e "$sysroot" ]; then chattr -R -f -i "$sysroot" 2> /dev/null || true; fi
rm -rf "$sysroot"

say "an empty system root, as a freshly installed machine has it"
run out/bootc internals init-sysroot "$sysroot"

say "deploy $registry/bootc/example:v1"
bootc switch "$registry/bootc/example:v1"

say "what would an upgrade to v2 bring?"
bootc upgrade --check --tag v2

say "upgrade: only the layer that changed is fetched"
bootc upgrade --tag v2
bootc status --format human

say "and back again"
bootc rollback
bootc status --format human

say "libostree's own view of this system root"
run build/reference.sh ostree admin status --sysroot "$PWD/$sysroot"
run build/reference.sh ostree fsck --repo "$PWD/$sysroot/ostree/repo"

say "done: the system root is $sysroot; 'make clean' removes it"
