#!/bin/sh
# Sees to it that the tools of a task are there, by apt where it may: deps.sh GROUP... (build image oracle test e2e demo demo-host bench bench-fleet)
set -eu
cd "$(dirname "$0")/.."

missing=""

# need PACKAGE COMMAND-OR-FILE...: the package is wanted unless one of them is there
need() {
  package=$1
  shift
  for what; do
    case $what in
    /*) if ls $what > /dev/null 2>&1; then return 0; fi ;;
    *) if command -v "$what" > /dev/null 2>&1; then return 0; fi ;;
    esac
  done
  missing="$missing $package"
}

need_dotnet() {
  if dotnet --version > /dev/null 2>&1; then return 0; fi
  echo "error: the .NET 10 SDK is needed and 'dotnet --version' does not find it." >&2
  echo "       Install it as https://learn.microsoft.com/dotnet/core/install/linux says, or for this user:" >&2
  echo "       curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0 && PATH=\$HOME/.dotnet:\$PATH" >&2
  exit 1
}

need_root() {
  if [ "$(id -u)" = 0 ]; then return 0; fi
  echo "error: $1 needs root: it makes trees with owners, device nodes and mounts of their own." >&2
  exit 1
}

# What an installation to a disk runs.
need_install() {
  need fdisk sfdisk /sbin/sfdisk
  need dosfstools mkfs.vfat /sbin/mkfs.vfat
  need mtools mcopy
}

for group; do
  case $group in
  build)
    need_dotnet
    need clang clang
    need zlib1g-dev /usr/include/zlib.h
    ;;
  image)
    need_root "building the images"
    need mmdebstrap mmdebstrap
    need debian-archive-keyring /usr/share/keyrings/debian-archive-keyring.gpg
    need buildah buildah
    need docker-registry docker-registry
    need curl curl
    ;;
  oracle)
    need_root "making the tree of reference tools"
    need mmdebstrap mmdebstrap
    need debian-archive-keyring /usr/share/keyrings/debian-archive-keyring.gpg
    ;;
  test)
    need skopeo skopeo
    need umoci umoci
    need jq jq
    need e2fsprogs mkfs.ext4 /sbin/mkfs.ext4
    need xfsprogs mkfs.xfs /sbin/mkfs.xfs
    need btrfs-progs mkfs.btrfs /sbin/mkfs.btrfs
    need erofs-utils mkfs.erofs
    need_install
    need attr setfattr
    need acl setfacl
    need libcap2-bin setcap /sbin/setcap
    need strace strace
    need zstd zstd
    need rpm rpmbuild
    need fish fish
    need zsh zsh
    need groff groff
    need etcd-server /usr/bin/etcd
    need nginx-light nginx /usr/sbin/nginx
    need bubblewrap bwrap
    need gpg gpg
    ;;
  e2e)
    need_root "making disks for virtual machines"
    need qemu-system-x86 qemu-system-x86_64
    need ovmf /usr/share/OVMF/OVMF_CODE_4M.fd /usr/share/OVMF/OVMF_CODE.fd
    need e2fsprogs mkfs.ext4 /sbin/mkfs.ext4
    need xfsprogs mkfs.xfs /sbin/mkfs.xfs
    need_install
    ;;
  demo-host)
    need openssh-client ssh
    ;;
  demo)
    need_root "the demo"
    need e2fsprogs chattr
    need skopeo skopeo
    ;;
  bench)
    need_root "the benchmark"
    need podman podman
    need e2fsprogs chattr
    need time /usr/bin/time
    need jq jq
    ;;
  bench-fleet)
    need etcd-server /usr/bin/etcd
    ;;
  *)
    echo "error: deps.sh knows no group '$group'" >&2
    exit 2
    ;;
  esac
done

if [ -z "$missing" ]; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null 2>&1; then
  echo "error: these packages are missing:$missing" >&2
  echo "       Install them (on Debian: sudo apt-get install$missing) and run make again." >&2
  exit 1
fi

echo "== installing what is missing:$missing"
mkdir -p out
apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing > out/deps.log 2>&1 || {
  cat out/deps.log >&2
  exit 1
}
