#!/bin/sh
# Builds the OS images and pushes them to the registry on loopback. Does nothing when they are there already.
set -eu
cd "$(dirname "$0")/.."

registry=${REGISTRY:-127.0.0.1:5080}
out=$PWD/out
storage="--root $out/storage --runroot $out/storage-run --storage-driver overlay"
stamp=$out/images.stamp

sources="containerfiles/debian containerfiles/example systemd src/Bootc.PrepareRoot/dracut"
mkdir -p out
present() { curl -fs "http://$registry/v2/bootc/$1/manifests/$2" -o /dev/null -H 'Accept: application/vnd.oci.image.manifest.v1+json'; }
sum=$( { find $sources -type f -exec sha256sum {} + ; sha256sum out/bootc out/bootc-prepare-root; } | sort | sha256sum | cut -d' ' -f1)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$registry $sum" ] && present debian 13 && present example panics; then
  echo "images are up to date at $registry"
  exit 0
fi

if [ ! -f out/base.tar ] || [ containerfiles/debian/base.sh -nt out/base.tar ]; then
  echo "== making the Debian root tree"
  build/quietly.sh out/base.log containerfiles/debian/base.sh out/base.tar.new
  mv out/base.tar.new out/base.tar
fi

build() { # build NAME DIRECTORY FILE [ARG...]
  name=$1 directory=$2 file=$3
  shift 3
  echo "== building $name"
  build/quietly.sh out/image.log buildah $storage bud --isolation chroot --network host --layers=false --format oci -t "$name" -f "$file" "$@" "$directory"
}

context=$out/context
rm -rf "$context"
mkdir -p "$context"
ln out/base.tar "$context/base.tar"
cp -R out/bootc out/bootc-prepare-root systemd src/Bootc.PrepareRoot/dracut containerfiles/debian/finish.sh "$context/"
build "$registry/bootc/debian:13" "$context" containerfiles/debian/Containerfile --squash
build "$registry/bootc/example:v1" containerfiles/example containerfiles/example/Containerfile.v1 --build-arg "BASE=$registry/bootc/debian:13"
build "$registry/bootc/example:v2" containerfiles/example containerfiles/example/Containerfile.v2 --build-arg "BASE=$registry/bootc/example:v1"
build "$registry/bootc/example:unhealthy" containerfiles/example containerfiles/example/Containerfile.unhealthy --build-arg "BASE=$registry/bootc/example:v2"
build "$registry/bootc/example:panics" containerfiles/example containerfiles/example/Containerfile.panics --build-arg "BASE=$registry/bootc/example:v2"
rm -rf "$context"

for image in debian:13 example:v1 example:v2 example:unhealthy example:panics; do
  echo "== pushing $image"
  buildah $storage push --tls-verify=false -q "$registry/bootc/$image" "docker://$registry/bootc/$image"
done
echo "$registry $sum" > "$stamp"

# What earlier builds left behind.
buildah $storage rmi --prune --force > /dev/null 2>&1 || true
if [ -f out/registry.pid ]; then docker-registry garbage-collect --delete-untagged out/registry.yml > /dev/null 2>&1 || true; fi
