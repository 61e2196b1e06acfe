#!/bin/sh
# Looks whether `make install` put everything in its place, and whether it works from there: installed.sh ROOT [PREFIX]
set -eu
cd "$(dirname "$0")/.."

root=$1
prefix=$root${2:-/usr}
missing=0

# expect MODE FILE...: files that are not empty, with this mode
expect() {
  mode=$1
  shift
  for file; do
    if [ ! -s "$file" ] || [ "$(stat -c %a "$file")" != "$mode" ]; then
      echo "error: $file is not there, empty, or has another mode than $mode" >&2
      missing=$((missing + 1))
    fi
  done
}

expect 755 "$prefix/bin/bootc" "$prefix/lib/bootc/bootc-prepare-root" "$prefix/lib/dracut/modules.d/50bootc/module-setup.sh"
expect 644 "$prefix/lib/systemd/system/bootc-prepare-root.service"
for unit in systemd/system/*; do expect 644 "$prefix/lib/systemd/system/${unit##*/}"; done
for generator in systemd/system-generators/*; do expect 755 "$prefix/lib/systemd/system-generators/${generator##*/}"; done
expect 644 "$prefix/share/bash-completion/completions/bootc" "$prefix/share/zsh/site-functions/_bootc" "$prefix/share/fish/vendor_completions.d/bootc.fish"
for page in docs/man/*.[1-8]; do expect 644 "$prefix/share/man/man${page##*.}/${page##*/}"; done
if [ ! -d "$prefix/lib/bootc/bound-images.d" ] || [ "$(readlink "$prefix/lib/bootc/storage")" != /sysroot/ostree/bootc/storage ]; then
  echo "error: $prefix/lib/bootc lacks the place of bound images" >&2
  missing=$((missing + 1))
fi
if [ "$missing" != 0 ]; then exit 1; fi

bash -n "$prefix/share/bash-completion/completions/bootc"
"$prefix/bin/bootc" --version
rm -rf "$root/sysroot"
"$prefix/bin/bootc" internals init-sysroot "$root/sysroot"
"$prefix/bin/bootc" status --format json --sysroot "$root/sysroot" | grep -q '"kind": *"BootcHost"'
rm -rf "$root/sysroot"
echo "$(find "$root" -type f | wc -l) files are installed in $root"
