#!/bin/sh
# Simulates a fleet of HOSTS hosts (10,000) under fleet locks, three lock managers on one etcd; see bench/fleet.
set -eu
cd "$(dirname "$0")/.."
build=$PWD/out/bench-fleet
dotnet build bench/fleet -c Release --nologo -v quiet -o "$build" > /dev/null
exec "$build/Bootc.Fleet.Bench" "$PWD/out/bootc" "${HOSTS:-10000}"
