#!/bin/sh
# Makes the root tree of the Debian base image as a tar file: base.sh OUT.tar
set -eu

out=$1
packages="systemd systemd-sysv systemd-resolved dbus udev kmod util-linux passwd login \
linux-image-amd64 dracut ostree-boot \
e2fsprogs xfsprogs btrfs-progs dosfstools fdisk \
systemd-boot-efi grub-common grub-efi-amd64-bin grub-efi-amd64-signed grub-pc-bin shim-signed \
iproute2 iputils-ping ca-certificates openssh-server sudo \
less procps nano curl zstd libssl3t64 bubblewrap git"

exec mmdebstrap --mode=root --variant=minbase --format=tar \
  --include="$(echo $packages | tr -s ' ' ',')" \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  trixie "$out"
