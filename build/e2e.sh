#!/bin/sh
# Runs the tests in virtual machines, with a last line as test.sh has it. The registry with the images is up already (REGISTRY).
set -eu
cd "$(dirname "$0")/.."

BOOTC_QEMU=$(build/emulator.sh)
export BOOTC_QEMU
BOOTC_E2E=1 exec build/test.sh --project e2e/Bootc.E2E.Tests "$@"
