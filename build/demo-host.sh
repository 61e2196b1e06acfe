#!/bin/sh
# The life of a machine: installed from a registry, it boots, updates itself over the network, is sent a broken update, and comes
# back by itself. The machine is emulated, so that this runs anywhere; on real hardware a boot takes seconds.
set -eu
cd "$(dirname "$0")/.."

registry=${REGISTRY:-127.0.0.1:5080}
port=${DEMO_SSH_PORT:-5022}
work=$PWD/out/demo-host
disk=$work/disk.raw
network=10.0.2.2:${registry##*:} # this host, as the machine sees it

say() { printf '\n== %s\n' "$*"; }
run() {
  printf '$ %s\n' "$*"
  "$@"
}
stop() {
  touch "$work/off"
  if [ -f "$work/qemu.pid" ]; then kill "$(cat "$work/qemu.pid")" 2> /dev/null || true; fi
}
trap stop EXIT
trap 'exit 130' INT TERM

firmware=""
for folder in /usr/share/OVMF /usr/share/edk2/ovmf; do
  for size in _4M ""; do
    if [ -z "$firmware" ] && [ -f "$folder/OVMF_CODE$size.fd" ]; then firmware=$folder/OVMF_CODE$size.fd variables=$folder/OVMF_VARS$size.fd; fi
  done
done

qemu=$(build/emulator.sh)
rm -rf "$work"
mkdir -p "$work"
ssh-keygen -q -t ed25519 -N '' -f "$work/key"
cp "$variables" "$work/variables.fd"
truncate -s 6G "$disk"

say "install $registry/bootc/example:v1 to a disk, with systemd-boot"
run out/bootc install to-disk --source-imgref "$registry/bootc/example:v1" --target-imgref "$network/bootc/example:v1" \
  --bootloader systemd --root-ssh-authorized-keys "$work/key.pub" --karg console=ttyS0 "$disk"
run sfdisk --list --quiet --output Type,Size "$disk"

# Each restart is a machine of its own: emulated firmware does not always survive a reset.
machine() {
  while [ ! -e "$work/off" ]; do
    # one processor: with several, the emulator now and then trips over code that a kernel changes while another one runs it
    "$qemu" -machine q35,sata=off,smbus=off,i8042=off,vmport=off,hpet=off -accel tcg -cpu max,la57=off,smap=off,smep=off,umip=off -smp 1 -m 1536 -display none -nodefaults -no-reboot -pidfile "$work/qemu.pid" \
      -drive "if=pflash,format=raw,readonly=on,file=$firmware" -drive "if=pflash,format=raw,file=$work/variables.fd" \
      -drive "file=$disk,format=raw,if=virtio,cache=unsafe" -chardev "file,id=console,path=$work/console.log,append=on" -serial chardev:console \
      -netdev "user,id=net,hostfwd=tcp:127.0.0.1:$port-:22" -device virtio-net-pci,netdev=net,romfile= -device virtio-rng-pci || break
  done
}
machine > "$work/qemu.log" 2>&1 &
machine=$!

shell() {
  ssh -q -i "$work/key" -p "$port" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -o ConnectTimeout=5 \
    -o ServerAliveInterval=5 -o ServerAliveCountMax=3 root@127.0.0.1 "$@"
}
guest() {
  printf 'machine# %s\n' "$*"
  shell "$@"
}

# A connection that fails takes the command with it: it is given again unless the machine goes down.
restart() {
  before=$(shell cat /proc/sys/kernel/random/boot_id) || before=
  guest systemctl reboot || true
  for _ in 1 2 3 4; do
    sleep 15
    [ -n "$before" ] && [ "$(shell cat /proc/sys/kernel/random/boot_id || true)" = "$before" ] || return 0
    shell systemctl reboot || true
  done
}

# until WHAT COMMAND: waits until the command succeeds in the machine, however often that boots
until_() {
  what=$1
  shift
  for _ in $(seq 300); do
    if shell "$@" > /dev/null 2>&1; then return 0; fi
    if ! kill -0 "$machine" 2> /dev/null; then break; fi
    sleep 3
  done
  cat "$work/qemu.log" >&2
  echo "error: waited in vain for: $what; the end of $work/console.log:" >&2
  tail -n 40 "$work/console.log" >&2
  exit 1
}
boots() { until_ "the machine runs $1" "grep -qx 'version $1' /usr/share/example/version && systemctl is-active -q boot-complete.target"; }

say "the machine boots (UEFI, systemd-boot, our initramfs program, a composefs root)"
boots 1
guest findmnt -n -o SOURCE,FSTYPE,OPTIONS /
guest bootc status --format human
guest ostree admin status

# The registry of this demo has no TLS.
shell "mkdir -p /etc/containers && printf '[[registry]]\nlocation = \"$network\"\ninsecure = true\n' > /etc/containers/registries.conf"

say "it updates itself over the network; its own files stay"
guest "echo 'set here' > /etc/local.conf"
guest bootc upgrade --quiet --tag v2
restart
boots 2
guest cat /usr/share/example/version /etc/local.conf

say "back to version 1, and all is as it was"
guest bootc rollback
restart
boots 1

say "it is sent an update that does not pass its checks, and comes back by itself"
guest bootc switch --quiet "$network/bootc/example:unhealthy"
restart
until_ "the machine is back" "test -s /sysroot/ostree/bootc/failed-boots && ! test -e /usr/lib/bootc/health.d/required.d/50-fails"
boots 1
guest bootc status --format human
touch "$work/off"
guest systemctl poweroff || true
wait "$machine" || true
say "done: the disk is $disk, the machine's console $work/console.log"
