#!/bin/bash
# The images of the benchmark of zstd:chunked layers: versions of an OS image in one layer, of whose files every hundredth differs.
#   bench/chunked.sh BASE    pushes REGISTRY/bench/chunked:v1, :v2 (zstd:chunked) and :v2-whole (the very layer of v2, Zstandard alone)
# BASE is an image in the registry, bootc/debian:13 unless another is named; a smaller one does for a try. Nothing is done for images
# that were made of the same base before.
set -eu
cd "$(dirname "$0")/.."

registry=${REGISTRY:-127.0.0.1:5080}
base=${1:-bootc/debian:13}
reference=$PWD/build/reference.sh
work=$PWD/out/bench/chunked
storage="--root $work/storage --runroot $work/run --storage-driver overlay"
stamp=$PWD/out/bench/chunked.stamp

digest() { curl -fsI -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$registry/v2/$1/manifests/$2" | tr -d '\r' | awk 'tolower($1) == "docker-content-digest:" { print $2 }'; }
sum="$registry $base $(digest "${base%:*}" "${base##*:}")"
if [ "$(cat "$stamp" 2> /dev/null)" = "$sum" ] && [ -n "$(digest bench/chunked v2-whole)" ]; then exit 0; fi

clean() {
  buildah $storage rm -a > /dev/null 2>&1 || true
  buildah $storage rmi -a -f > /dev/null 2>&1 || true
  rm -rf "$work"
}
clean
trap clean EXIT
mkdir -p "$work"
say() { echo "== $*" >&2; }

# A base that was made in several layers becomes one: commit --squash has all files in the new layer.
say "changing every hundredth file of $base"
container=$(buildah $storage from -q --tls-verify=false "docker://$registry/$base")
root=$(buildah $storage mount "$container")
buildah $storage commit -q --squash "$container" "oci:$work/images:v1" > /dev/null
find "$root/usr" -type f -size +0 ! -path '*/modules/*' | LC_ALL=C sort | awk 'NR % 100 == 50' > "$work/changed"
while IFS= read -r file; do
  printf 'changed\n' >> "$file"
done < "$work/changed"
buildah $storage commit -q --squash "$container" "oci:$work/images:v2" > /dev/null
say "$(wc -l < "$work/changed") files changed"

say "pushing $registry/bench/chunked:v1, v2 and v2-whole"
push() { "$reference" skopeo --insecure-policy copy -q --dest-tls-verify=false "$@"; }
push --dest-compress-format zstd:chunked "oci:$work/images:v1" "docker://$registry/bench/chunked:v1"
push --dest-compress-format zstd:chunked "oci:$work/images:v2" "docker://$registry/bench/chunked:v2"
# The very same layer, of which the manifest does not tell that it has a table of contents.
type=application/vnd.oci.image.manifest.v1+json
curl -fsS -H "Accept: $type" "http://$registry/v2/bench/chunked/manifests/v2" | jq -c 'del(.layers[].annotations)' \
  | curl -fsS -X PUT -H "Content-Type: $type" --data-binary @- "http://$registry/v2/bench/chunked/manifests/v2-whole"
mkdir -p "$(dirname "$stamp")"
echo "$sum" > "$stamp"
