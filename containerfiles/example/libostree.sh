#!/bin/sh
# Puts libostree's ostree-prepare-root into the initramfs. Runs inside the image while it is built.
set -eu

kver=$(ls /usr/lib/modules)

# What apt works in; the image has nothing in /var, and its package database in /usr.
mkdir -p /var/lib/apt/lists/partial /var/cache/apt/archives/partial /var/log/apt /var/tmp
ln -s ../../usr/lib/sysimage/dpkg /var/lib/dpkg

# Trixie builds libostree without composefs; sid's has it. A mirror that lags behind is good enough.
echo 'deb http://deb.debian.org/debian sid main' > /etc/apt/sources.list.d/sid.list
printf 'Package: *\nPin: release a=unstable\nPin-Priority: 100\n' > /etc/apt/preferences.d/sid
apt-get -q -o Acquire::Check-Valid-Until=false update
DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install -t sid ostree ostree-boot
ostree --version

sed -i 's/^add_dracutmodules.*/add_dracutmodules+=" ostree "/; s/^omit_dracutmodules.*/omit_dracutmodules+=" bootc "/' /usr/lib/dracut/dracut.conf.d/50-bootc.conf
dracut --force --no-hostonly --kver "$kver" "/usr/lib/modules/$kver/initramfs.img"

rm -rf /boot/* /vmlinuz* /initrd.img* /var/* /var/.[!.]* /etc/apt/sources.list.d/sid.list /etc/apt/preferences.d/sid
rm -f /usr/lib/sysimage/dpkg/*-old
