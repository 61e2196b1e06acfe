#!/bin/sh
# Runs a command whose output matters only when it fails: quietly.sh LOG COMMAND [ARG...]
log=$1
shift
"$@" > "$log" 2>&1 && exit
status=$?
cat "$log" >&2
exit "$status"
