#!/bin/bash
# Measures what adding a small package takes on an image of 14,000 files and on one of 140,000, next to apt-get in a chroot and
# buildah. Medians of RUNS runs (3); PACKAGE (htop) comes from the image's own repositories, so the network is needed.
# The derive step is all from the start to the commit but solver and download.
set -eu
cd "$(dirname "$0")/.."

registry=${REGISTRY:-127.0.0.1:5080}
runs=${RUNS:-3}
package=${PACKAGE:-htop}
bootc=${BOOTC:-$PWD/out/bootc}
storage="--root $PWD/out/storage --runroot $PWD/out/storage-run --storage-driver overlay"
work=$PWD/out/bench/layering-$(date +%s)
results=$work/results
mkdir -p "$work"
: > "$results"

clean() {
  chattr -R -f -i "$work" > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean EXIT

say() { [ -t 2 ] && printf '\r\033[K%s' "$*" >&2 || true; }

small=$registry/bootc/example:v1
say "the image with 140,000 files"
large=$(REGISTRY=$registry bench/large.sh)

# steps NAME: reads a command's steps as they come; seconds of each part into the results
steps() {
  local name=$1 part=prepare last now line next
  local -A took=([prepare]=0 [install]=0 [kernel]=0 [store]=0)
  last=$(microseconds)
  while IFS= read -r line; do
    case $line in
      "Looking for packages") next=solve ;;
      "Fetching packages") next=download ;;
      "Installing packages") next=install ;;
      "Looking after kernel"*) next=kernel ;;
      "Storing what changed") next=store ;;
      Deploying) next=deploy ;;
      *) continue ;;
    esac
    now=$(microseconds)
    took[$part]=$((${took[$part]:-0} + now - last))
    last=$now part=$next
  done
  took[$part]=$((${took[$part]:-0} + $(microseconds) - last))
  took[derive]=$((took[prepare] + took[install] + took[kernel] + took[store]))
  for part in "${!took[@]}"; do printf '%s-%s %d.%06d\n' "$name" "$part" $((took[$part] / 1000000)) $((took[$part] % 1000000)); done
}
microseconds() { echo "${EPOCHREALTIME/[.,]/}"; }

timed() { # timed NAME COMMAND...: seconds and peak memory in kB
  local name=$1
  shift
  /usr/bin/time -q -o "$work/time" -f '%e %M' "$@" > "$work/output" 2>&1 || { cat "$work/output" >&2; exit 1; }
  read -r seconds memory < "$work/time"
  printf '%s %s\n%s-memory %s\n' "$name" "$seconds" "$name" "$memory" >> "$results"
}

for size in small large; do
  image=${!size}
  say "$size: deploying"
  sysroot=$work/$size
  "$bootc" internals init-sysroot "$sysroot" > /dev/null
  "$bootc" switch --quiet --sysroot "$sysroot" "$image"
  root=$(ls -d "$sysroot"/ostree/deploy/default/deploy/*.0)
  echo "$size-files $(find "$root" | wc -l)" >> "$results"
  "$bootc" package install --quiet --dry-run --sysroot "$sysroot" "$package" > /dev/null # the lists
  for i in $(seq "$runs"); do
    say "$size: run $i of $runs"
    /usr/bin/time -q -o "$work/time" -f '%e %M' "$bootc" package install --sysroot "$sysroot" "$package" 2>&1 > /dev/null | steps "$size" >> "$results"
    read -r seconds memory < "$work/time"
    printf '%s-whole %s\n%s-memory %s\n' "$size" "$seconds" "$size" "$memory" >> "$results"
    timed "$size-unchanged" "$bootc" package refresh --quiet --cache-only --sysroot "$sysroot"
    timed "$size-newer" "$bootc" package refresh --quiet --sysroot "$sysroot"
    "$bootc" package reset --quiet --sysroot "$sysroot" > /dev/null
    # Nothing is to be found of this run by the next one.
    "$bootc" package install --quiet --sysroot "$sysroot" nano --allow-inactive > /dev/null
    "$bootc" package reset --quiet --sysroot "$sysroot" > /dev/null
  done
done

say "apt-get in a chroot"
cp -a "$(ls -d "$work"/small/ostree/deploy/default/deploy/*.0 | head -1)" "$work/chroot"
chattr -f -i "$work/chroot" || true
chroot_run() { unshare -m sh -ec 'mount --rbind /dev "$0/dev"; mount -t proc proc "$0/proc"; mount -t tmpfs tmpfs "$0/tmp"; cp /etc/resolv.conf "$0/tmp/resolv.conf"; ln -sfn /tmp/resolv.conf "$0/etc/resolv.conf"; shift 0; exec chroot "$0" "$@"' "$work/chroot" "$@"; }
mkdir -p "$work/chroot/var/lib" "$work/chroot/var/cache/apt/archives/partial" "$work/chroot/var/lib/apt/lists/partial" "$work/chroot/var/log/apt" "$work/chroot/var/tmp"
ln -s ../../usr/lib/sysimage/dpkg "$work/chroot/var/lib/dpkg"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
chroot_run apt-get update -q > "$work/output" 2>&1
chroot_run apt-get install -y -q --download-only -o APT::Keep-Downloaded-Packages=true "$package" > "$work/output" 2>&1
for i in $(seq "$runs"); do
  timed apt bash -c "$(declare -f chroot_run); work=$work; chroot_run apt-get install -y -q --no-download -o APT::Keep-Downloaded-Packages=true $package"
  chroot_run apt-get purge -y -q --autoremove "$package" > "$work/output" 2>&1
done

say "buildah"
container=$(buildah $storage from --tls-verify=false "$small")
buildah $storage run --isolation chroot "$container" sh -ec 'systemd-tmpfiles --create --prefix=/var > /dev/null 2>&1 || true; apt-get update -q; apt-get install -y -q --download-only -o APT::Keep-Downloaded-Packages=true '"$package" > "$work/output" 2>&1
timed buildah sh -ec "buildah $storage run --isolation chroot $container sh -ec 'apt-get install -y -q --no-download $package; rm -rf /var/*'; buildah $storage commit -q $container localhost/layering-bench"
buildah $storage rm "$container" > /dev/null
buildah $storage rmi localhost/layering-bench > /dev/null

say ""
median() { awk -v name="$1" '$1 == name { print $2 }' "$results" | sort -g | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)]; else print "-" }'; }
printf '%-44s %14s %14s\n' "$package" "$(median small-files) files" "$(median large-files) files"
row() { printf '%-44s %14s %14s\n' "$1" "$(rounded "small-$2") $3" "$(rounded "large-$2") $3"; }
rounded() { median "$1" | awk '{ printf $1 ~ /\./ ? "%.2f" : "%s", $1 }'; }
row "derive step without solver and download" derive s
row "  mounting, /var and rules before" prepare s
row "  dpkg and the packages' scripts" install s
row "  kernel and initramfs" kernel s
row "  storing the commit and its composefs image" store s
row "solver" solve s
row "download" download s
row "deploying and cleaning up" deploy s
row "the whole command" whole s
row "its peak memory" memory kB
row "unchanged inputs" unchanged s
row "unchanged, after a look for newer packages" newer s
printf '%-44s %14s\n' "apt-get install in a chroot" "$(median apt) s"
printf '%-44s %14s\n' "buildah run apt-get install, commit" "$(median buildah) s"
