#!/bin/bash
# Puts bootc-prepare-root into the initramfs, with its configuration and what it loads at run time.

check() {
    # Only when asked for: add_dracutmodules+=" bootc "
    [[ -x $dracutsysrootdir/usr/lib/bootc/bootc-prepare-root ]] && return 255
    return 1
}

depends() {
    echo systemd-initrd
}

installkernel() {
    instmods erofs overlay loop
}

install() {
    inst /usr/lib/bootc/bootc-prepare-root
    # The runtime opens OpenSSL by name, so that nothing else tells of it.
    inst_libdir_file "libssl.so.3*" "libcrypto.so.3*"
    inst_multiple -o \
        /usr/lib/ostree/prepare-root.conf \
        /etc/ostree/prepare-root.conf
    inst_simple "${systemdsystemunitdir}/bootc-prepare-root.service"
    mkdir -p "${initdir}${systemdsystemunitdir}/initrd-root-fs.target.wants"
    ln_r "${systemdsystemunitdir}/bootc-prepare-root.service" \
        "${systemdsystemunitdir}/initrd-root-fs.target.wants/bootc-prepare-root.service"
}
