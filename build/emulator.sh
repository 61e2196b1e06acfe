#!/bin/sh
# Prints the QEMU that boots the virtual machines: this machine's, unless it is older than 9: such ones need nearly twice the time to
# emulate, and now and then a kernel hangs or dies in them. Then it is Debian trixie's, from a tree that is made in out/emulator.
set -eu
cd "$(dirname "$0")/.."

tree=$PWD/out/emulator
version=$(qemu-system-x86_64 --version 2> /dev/null | sed -n 's/^QEMU emulator version \([0-9]*\).*/\1/p')
if [ "${version:-0}" -ge 9 ]; then
  command -v qemu-system-x86_64
  exit 0
fi

if [ ! -x "$tree/qemu" ]; then
  build/deps.sh oracle >&2
  echo "== making the tree of a newer QEMU than this machine has (${version:-none})" >&2
  rm -rf "$tree" "$tree.new"
  mkdir -p out
  # Nothing of it is ever entered: the program runs by the tree's own loader.
  build/quietly.sh out/emulator.log mmdebstrap --quiet --mode=root --variant=extract --include=qemu-system-x86,seabios,libc6 \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' trixie "$tree.new" http://deb.debian.org/debian
  libraries=$tree/usr/lib/x86_64-linux-gnu
  cat > "$tree.new/qemu" << END
#!/bin/sh
QEMU_MODULE_DIR=$libraries/qemu exec $libraries/ld-linux-x86-64.so.2 --library-path $libraries $tree/usr/bin/qemu-system-x86_64 -L $tree/usr/share/qemu -L $tree/usr/share/seabios "\$@"
END
  chmod +x "$tree.new/qemu"
  mv "$tree.new" "$tree"
fi

echo "$tree/qemu"
