#!/bin/sh
# Runs the tests in virtual machines. The registry with the images is up already (REGISTRY).
set -eu
cd "$(dirname "$0")/.."

BOOTC_E2E=1 exec dotnet test --project e2e/Bootc.E2E.Tests --no-progress --output normal "$@"
