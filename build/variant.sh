#!/bin/sh
# Builds the image that boots by libostree's own program and pushes it beside the others, for the tests in virtual machines.
set -eu
cd "$(dirname "$0")/.."

registry=${REGISTRY:-127.0.0.1:5080}
out=$PWD/out
storage="--root $out/storage --runroot $out/storage-run --storage-driver overlay"
image=$registry/bootc/example:libostree
stamp=$out/variant.stamp

sum=$(cat out/images.stamp containerfiles/example/Containerfile.libostree containerfiles/example/libostree.sh | sha256sum)
if [ "$(cat "$stamp" 2> /dev/null)" = "$sum" ] && curl -fs "http://$registry/v2/bootc/example/manifests/libostree" -o /dev/null -H 'Accept: application/vnd.oci.image.manifest.v1+json'; then
  exit 0
fi

echo "== building $image"
build/quietly.sh out/variant.log buildah $storage bud --isolation chroot --network host --layers=false --format oci -t "$image" \
  -f containerfiles/example/Containerfile.libostree --build-arg "BASE=$registry/bootc/example:v1" containerfiles/example
buildah $storage push --tls-verify=false -q "$image" "docker://$image"
echo "$sum" > "$stamp"
