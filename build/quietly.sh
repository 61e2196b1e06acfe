#!/bin/sh
# Runs a command whose output matters only when it fails: quietly.sh LOG COMMAND [ARG...]
log=$1
shift
if "$@" > "$log" 2>&1; then exit 0; fi
status=$?
cat "$log" >&2
exit "$status"
