#!/bin/sh
# What the first version adds. Runs inside the image while it is built.
set -eu

mkdir -p /usr/share/example/replaced /usr/share/example/opaque
cd /usr/share/example
echo "version 1" > version
echo "there until v2" > removed
echo "old" > replaced/old
echo "hidden by a whiteout" > opaque/below
echo "greeting = hello" > /etc/example.conf
