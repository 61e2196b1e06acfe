#!/bin/sh
# What the second version changes. Runs inside the image while it is built.
set -eu
cd /usr/share/example

# a changed file, a removed file, a directory replaced by a file, an opaque whiteout
echo "version 2" > version
rm removed
rm -r replaced
echo "now a file" > replaced
rm -r opaque
mkdir opaque
echo "new" > opaque/new

# a hard link
echo "one file, two names" > hard-link-1
ln hard-link-1 hard-link-2

# a set-user-ID file, and one with a capability
cp /usr/bin/true /usr/bin/example-setuid
chmod 4755 /usr/bin/example-setuid
cp /usr/bin/true /usr/bin/example-capability
setcap cap_net_bind_service+ep /usr/bin/example-capability

# a path too long for a plain tar header, and a name that is not ASCII
part=$(printf 'a-directory-with-a-long-name-%.0s' 1 2 3 4)
mkdir -p "$part/$part/$part"
echo "deep" > "$part/$part/$part/file"
echo "Grüße" > grüße-日本語.txt

# a default that hosts which did not change it follow
echo "greeting = hello again" > /etc/example.conf
