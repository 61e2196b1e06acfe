#!/bin/bash
# Measures against the peers and prints a table: medians of RUNS runs (5), each next to its peer's, in one go.
set -eu
cd "$(dirname "$0")/.."

registry=${REGISTRY:-127.0.0.1:5080}
runs=${RUNS:-5}
bootc=$PWD/out/bootc
reference=$PWD/build/reference.sh
oracle=${BOOTC_ORACLE:-$PWD/out/oracle}
# Where milliseconds count, the reference tool runs without the chroot around it.
direct=("$oracle"/usr/lib64/ld-linux-x86-64.so.2 --library-path "$oracle/usr/lib/x86_64-linux-gnu")
mkcomposefs=("${direct[@]}" "$oracle/usr/bin/mkcomposefs")
# A directory of its own for every run, removed at the end: ext4 is slow to reuse inodes that were deleted a moment ago.
work=$PWD/out/bench/$(date +%s)
results=$work/results
mkdir -p "$work"
: > "$results"

clean() {
  chattr -R -f -i "$work" > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean EXIT

# measure NAME COMMAND...: seconds and peak memory in kB, into the results
measure() {
  name=$1
  shift
  sync
  /usr/bin/time -q -o "$work/time" -f '%e %M' "$@" > "$work/output" 2>&1 || {
    echo "error: this failed: $*" >&2
    cat "$work/output" >&2
    exit 1
  }
  echo "$name $(cat "$work/time")" >> "$results"
}

# fast NAME COMMAND...: seconds of a command that takes milliseconds, over 20 calls
fast() {
  name=$1
  shift
  begin=$(date +%s%N)
  for _ in $(seq 20); do "$@" > /dev/null; done
  end=$(date +%s%N)
  echo "$name $(awk -v n=$((end - begin)) 'BEGIN { printf "%.5f", n / 20 / 1e9 }') 0" >> "$results"
}

podman_pull() {
  podman --root "$1/root" --runroot "$1/run" --storage-driver overlay pull -q --tls-verify=false "$registry/bootc/debian:13"
}

# What it takes with the tools of today: fetch, unpack, commit, composefs image.
chain() {
  mkdir -p "$1"
  "$reference" skopeo copy -q --src-tls-verify=false "docker://$registry/bootc/debian:13" "oci:$1/image:debian"
  "$reference" umoci --log=error unpack --image "$1/image:debian" "$1/bundle"
  "$reference" ostree init --repo="$1/repo" --mode=bare
  "$reference" ostree commit --repo="$1/repo" --branch=debian --tree=dir="$1/bundle/rootfs" > /dev/null
  "$reference" mkcomposefs --print-digest --digest-store="$1/store" "$1/bundle/rootfs" "$1/image.cfs"
}
export -f podman_pull chain

# The commits of a sysroot's layers, whatever blobs they came from.
layers_of() { "$reference" ostree refs --repo="$1/ostree/repo" --list --revision | awk '/container\/blob\// { print $2 }' | sort; }
export registry reference

say() { [ -t 2 ] && printf '\r\033[K%s' "$*" >&2 || true; }

for i in $(seq "$runs"); do
  say "run $i of $runs: switch"
  "$bootc" internals init-sysroot "$work/sysroot$i" > /dev/null
  measure switch "$bootc" switch --quiet --sysroot "$work/sysroot$i" "$registry/bootc/debian:13"
  say "run $i of $runs: podman pull"
  measure podman bash -c "podman_pull $work/podman$i"
  say "run $i of $runs: skopeo, umoci, ostree, mkcomposefs"
  measure chain bash -c "chain $work/chain$i"
done

for i in $(seq "$runs"); do
  say "run $i of $runs: upgrade"
  "$bootc" internals init-sysroot "$work/upgrade$i" > /dev/null
  measure v1 "$bootc" switch --quiet --sysroot "$work/upgrade$i" "$registry/bootc/example:v1"
  measure upgrade "$bootc" upgrade --quiet --tag v2 --sysroot "$work/upgrade$i"
done

large=$(REGISTRY=$registry bench/large.sh)
say "switch to an image of 140,000 files"
"$bootc" internals init-sysroot "$work/large" > /dev/null
measure large "$bootc" switch --quiet --sysroot "$work/large" "$large"

# bytes NAME COMMAND...: what the loopback interface carried meanwhile, besides what measure tells
bytes() {
  before=$(cat /sys/class/net/lo/statistics/rx_bytes)
  measure "$@"
  echo "$1-bytes $(($(cat /sys/class/net/lo/statistics/rx_bytes) - before)) 0" >> "$results"
}

# The same version twice: by what changed in its layer, and the layer whole.
REGISTRY=$registry bench/chunked.sh "${CHUNKED_BASE:-bootc/debian:13}"
for i in $(seq "$runs"); do
  say "run $i of $runs: upgrade by changed files"
  for kind in v2 v2-whole; do
    "$bootc" internals init-sysroot "$work/chunked$i" > /dev/null
    "$bootc" switch --quiet --sysroot "$work/chunked$i" "$registry/bench/chunked:v1"
    bytes "chunked-$kind" "$bootc" upgrade --quiet --tag "$kind" --sysroot "$work/chunked$i"
    mv "$work/chunked$i" "$work/chunked$i-$kind"
  done
  # However it came, it must be the very same layer.
  [ "$(layers_of "$work/chunked$i-v2")" = "$(layers_of "$work/chunked$i-v2-whole")" ]
done

repo=$work/sysroot1/ostree/repo
tree=$work/chain1/bundle/rootfs
"$reference" composefs-info dump "$(ls -d "$work"/sysroot1/ostree/deploy/default/deploy/*.0)/.ostree.cfs" > "$work/dump"
for i in $(seq "$runs"); do
  say "run $i of $runs: fsck, composefs, status"
  measure fsck "$bootc" internals fsck --sysroot "$work/sysroot1"
  measure ostree-fsck "$reference" ostree fsck --repo "$repo"
  fast mkfs-dump "$bootc" internals composefs mkfs --from-dump "$work/dump" "$work/ours.cfs"
  fast mkcomposefs-dump "${mkcomposefs[@]}" --from-file "$work/dump" "$work/theirs.cfs"
  cmp "$work/ours.cfs" "$work/theirs.cfs"
  measure mkfs-dir "$bootc" internals composefs mkfs "$tree" "$work/ours.cfs"
  measure mkcomposefs-dir "${mkcomposefs[@]}" "$tree" "$work/theirs.cfs"
  cmp "$work/ours.cfs" "$work/theirs.cfs"
  fast status "$bootc" status --sysroot "$work/upgrade1"
done
say ""

median() { awk -v name="$1" '$1 == name { print $2 }' "$results" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
peak() { awk -v name="$1" '$1 == name && $3 > m { m = $3 } END { print m }' "$results"; }

row() { printf '%-44s %9s  %-46s %9s  %6s  %6s\n' "$@"; }
# compare WHAT NAME PEER-WHAT PEER GOAL
compare() {
  ours=$(median "$2") theirs=$(median "$4")
  row "$1" "$(printf '%.3f s' "$ours")" "$3" "$(printf '%.3f s' "$theirs")" "$(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.2f", a / b }')" "$5"
}

row "bootc" "median" "peer" "median" "ratio" "goal"
compare "switch, nothing there (debian:13)" switch "podman pull" podman 0.40
compare "" switch "skopeo, umoci, ostree commit, mkcomposefs" chain 0.15
compare "upgrade, one small layer (v1 to v2)" upgrade "switch to v1, nothing there" v1 0.10
compare "upgrade, 1% of a layer's files changed" chunked-v2 "the layer fetched whole" chunked-v2-whole 0.25
row "bytes fetched by it" "$(awk -v n="$(median chunked-v2-bytes)" 'BEGIN { printf "%.1f MB", n / 1e6 }')" "the layer fetched whole" "$(awk -v n="$(median chunked-v2-whole-bytes)" 'BEGIN { printf "%.1f MB", n / 1e6 }')" \
  "$(awk -v a="$(median chunked-v2-bytes)" -v b="$(median chunked-v2-whole-bytes)" 'BEGIN { printf "%.3f", a / b }')" 0.03
compare "composefs image from a dump" mkfs-dump "mkcomposefs --from-file" mkcomposefs-dump 0.90
compare "composefs image from a directory" mkfs-dir "mkcomposefs" mkcomposefs-dir 0.90
compare "fsck" fsck "ostree fsck" ostree-fsck 0.50
row "status" "$(awk -v s="$(median status)" 'BEGIN { printf "%.1f ms", s * 1000 }')" "" "" "" "10 ms"
row "peak memory of the switch" "$(awk -v k="$(peak switch)" 'BEGIN { printf "%.0f MB", k / 1024 }')" "podman pull" "$(awk -v k="$(peak podman)" 'BEGIN { printf "%.0f MB", k / 1024 }')" "" "120 MB"
row "peak memory, 140,000 files" "$(awk -v k="$(peak large)" 'BEGIN { printf "%.0f MB", k / 1024 }')" "" "" "" "120 MB"
