#!/bin/sh
# Prints a cosign of version 2, which signs and verifies as hosts did before bundles: Debian trixie's, from a tree that is made in
# out/cosign2. BOOTC_COSIGN2 names another one to the tests.
set -eu
cd "$(dirname "$0")/.."

tree=$PWD/out/cosign2
if [ ! -x "$tree/cosign" ]; then
  build/deps.sh oracle >&2
  echo "== making the tree of cosign 2" >&2
  rm -rf "$tree" "$tree.new"
  mkdir -p out
  # Nothing of it is ever entered: the program runs by the tree's own loader.
  build/quietly.sh out/cosign2.log mmdebstrap --quiet --mode=root --variant=extract --include=cosign,libc6,ca-certificates \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' trixie "$tree.new" http://deb.debian.org/debian
  libraries=$tree/usr/lib/x86_64-linux-gnu
  cat > "$tree.new/cosign" << END
#!/bin/sh
exec $libraries/ld-linux-x86-64.so.2 --library-path $libraries $tree/usr/bin/cosign "\$@"
END
  chmod +x "$tree.new/cosign"
  mv "$tree.new" "$tree"
fi

echo "$tree/cosign"
