#!/bin/sh
# Turns a Debian root into one for image-based hosts. Runs inside the image while it is built.
set -eu

kver=$(ls /usr/lib/modules)

# composefs, and /sysroot read-only
mkdir -p /usr/lib/ostree
cat > /usr/lib/ostree/prepare-root.conf <<'CONF'
[composefs]
enabled = yes
[sysroot]
readonly = true
CONF

# Kernel and initramfs live with the modules, so that an image carries them and /boot is the host's.
mv "/boot/vmlinuz-$kver" "/usr/lib/modules/$kver/vmlinuz"
rm -f /vmlinuz* /initrd.img*
rm -rf /boot/*
mkdir -p /etc/dracut.conf.d
cat > /usr/lib/dracut/dracut.conf.d/50-bootc.conf <<'CONF'
hostonly=no
reproducible=yes
compress=zstd
add_dracutmodules+=" bootc "
omit_dracutmodules+=" ostree "
add_drivers+=" erofs overlay loop virtio_blk virtio_pci virtio_scsi virtio_net ahci nvme sd_mod ext4 xfs btrfs vfat nls_cp437 nls_iso8859_1 "
CONF
dracut --force --no-hostonly --kver "$kver" "/usr/lib/modules/$kver/initramfs.img"

# The package database follows the image: it is content of /usr, and /var only points to it.
mkdir -p /usr/lib/sysimage
mv /var/lib/dpkg /usr/lib/sysimage/dpkg
cat > /usr/lib/tmpfiles.d/bootc-debian.conf <<'CONF'
d /var/lib 0755 root root -
L /var/lib/dpkg - - - - ../../usr/lib/sysimage/dpkg
d /var/log 0755 root root -
d /var/cache 0755 root root -
d /var/spool 0755 root root -
d /var/home 0755 root root -
d /var/roothome 0700 root root -
d /var/opt 0755 root root -
d /var/srv 0755 root root -
d /var/mnt 0755 root root -
d /var/usrlocal 0755 root root -
CONF

# What is the host's own lies in /var; the image has links to it.
rm -rf /home /root /srv /opt /mnt /media /usr/local
ln -s var/home /home
ln -s var/roothome /root
ln -s var/srv /srv
ln -s var/opt /opt
ln -s var/mnt /mnt
ln -s ../var/usrlocal /usr/local
mkdir -p /media /sysroot
ln -s sysroot/ostree /ostree

# A kernel that panics, and an initramfs that finds no root, restart the machine: the boot loader counts that as a failed
# try of a new deployment, and goes back to the one before.
mkdir -p /usr/lib/bootc/kargs.d /usr/lib/bootc/bound-images.d
ln -s /sysroot/ostree/bootc/storage /usr/lib/bootc/storage
echo 'kargs = ["panic=30", "rd.shell=0", "rd.emergency=reboot"]' > /usr/lib/bootc/kargs.d/10-restart.toml

# Updates get ready to boot at shutdown, the next boot tells when they did not, and checks whether it went well itself.
systemctl enable bootc-finalize-staged.path bootc-boot-complete.service bootc-health-check.service

# What boots follows when libostree's own commands change the deployments.
systemctl enable bootc-follow-entries.path bootc-follow-entries.service bootc-follow-entries-shutdown.service

# Wired networks by DHCP, and names by resolved.
cat > /usr/lib/systemd/network/80-wired.network <<'CONF'
[Match]
Type=ether
Kind=!*
[Network]
DHCP=yes
CONF
systemctl enable systemd-networkd.service systemd-resolved.service

# Which boots went well is recorded by the health check.
systemctl disable grub-common.service

# What these make is in the image already; each new deployment would wait for them at its first boot.
systemctl mask ldconfig.service systemd-hwdb-update.service

# The store is sealed with fs-verity after the first good boot, where the file system can.
systemctl enable bootc-seal.service

# Each host makes its own identity.
rm -f /etc/ssh/ssh_host_*
mkdir -p /usr/lib/systemd/system/ssh.service.d
cat > /usr/lib/systemd/system/ssh.service.d/10-host-keys.conf <<'CONF'
[Service]
ExecStartPre=
ExecStartPre=/usr/bin/ssh-keygen -A
ExecStartPre=/usr/sbin/sshd -t
CONF
: > /etc/machine-id

# Nothing is left of the build.
rm -rf /var/* /var/.[!.]* /etc/apt/apt.conf.d/99mmdebstrap
rm -f /usr/lib/sysimage/dpkg/*-old
