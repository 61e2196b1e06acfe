#!/bin/sh
# Runs all tests, or those of one project: test.sh [--project PROJECT] [OPTION...]
# The last line is `N passed, N failed, N skipped`; it fails when a test failed or none ran.
set -eu
cd "$(dirname "$0")/.."

what="--solution Bootc.sln" log=$PWD/out/test.log
if [ "${1:-}" = --project ]; then
  what="--project $2" log=$PWD/out/$(basename "$2").log
  shift 2
fi
mkdir -p out
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 NO_COLOR=1

# A project without tests (exit code 8) is no failure of its own: what counts is that any ran.
status=0
# shellcheck disable=SC2086 # an option and its value
{ dotnet test $what --no-progress --output normal --ignore-exit-code 8 "$@" 2>&1 || echo "exit code $?"; } | tee "$log" | grep -v '^exit code ' || true
if grep -q '^exit code ' "$log"; then status=1; fi

count() { sed -n "s/^ *$1: *\([0-9][0-9]*\) *\$/\1/p" "$log" | tail -n 1 | grep . || echo 0; }
passed=$(count succeeded) failed=$(count failed) skipped=$(count skipped)
if [ $((passed + failed)) = 0 ]; then status=1; fi
if [ "$status" != 0 ] && [ "$failed" = 0 ]; then
  echo "error: the test run did not end well although no test failed; see above" >&2
fi
echo "$passed passed, $failed failed, $skipped skipped"
if [ "$failed" != 0 ]; then status=1; fi
exit "$status"
