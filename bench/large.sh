#!/bin/bash
# Sees to it that the registry has an image of some 140,000 files, and prints its name.
set -eu
cd "$(dirname "$0")/.."

registry=${REGISTRY:-127.0.0.1:5080}
large=$registry/bootc/layering:large
if ! curl -fs "http://$registry/v2/bootc/layering/manifests/large" -o /dev/null -H 'Accept: application/vnd.oci.image.manifest.v1+json'; then
  storage="--root $PWD/out/storage --runroot $PWD/out/storage-run --storage-driver overlay"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cat > "$work/Containerfile" <<FILE
FROM $registry/bootc/example:v1
RUN for folder in \$(seq 1260); do mkdir -p /usr/share/padding/\$folder; for file in \$(seq 100); do echo "\$folder \$file" > /usr/share/padding/\$folder/\$file; done; done
FILE
  buildah $storage bud --isolation chroot --layers=false --format oci --tls-verify=false -q -t "$large" -f "$work/Containerfile" "$work" > /dev/null
  buildah $storage push --tls-verify=false -q "$large" "docker://$large"
fi
echo "$large"
