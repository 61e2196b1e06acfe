#!/bin/sh
# The registry on loopback that the demo and the tests pull from: registry.sh start | stop | with COMMAND [ARG...]
# `with` runs a command while the registry is up, and stops it after if it was not up before. REGISTRY names another address.
set -eu
cd "$(dirname "$0")/.."

registry=${REGISTRY:-127.0.0.1:5080}
pidfile=$PWD/out/registry.pid

answers() { curl -fs "http://$registry/v2/" -o /dev/null; }

start() {
  mkdir -p out/registry
  cat > out/registry.yml <<CONF
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $PWD/out/registry}
  delete: {enabled: true}
http: {addr: $registry}
CONF
  setsid docker-registry serve out/registry.yml > out/registry.log 2>&1 < /dev/null &
  pid=$!
  echo "$pid" > "$pidfile"
  for _ in $(seq 50); do
    if answers; then return 0; fi
    if ! kill -0 "$pid" 2> /dev/null; then break; fi
    sleep 0.2
  done
  rm -f "$pidfile"
  echo "error: no registry could be started at $registry (REGISTRY=127.0.0.1:PORT names another address); its log:" >&2
  tail out/registry.log >&2
  exit 1
}

stop() {
  if [ -f "$pidfile" ] && kill -0 "$(cat "$pidfile")" 2> /dev/null; then kill "$(cat "$pidfile")"; fi
  rm -f "$pidfile"
}

case ${1:-} in
start)
  answers || start
  ;;
stop)
  stop
  ;;
with)
  shift
  if answers; then exec "$@"; fi
  trap stop EXIT
  trap 'exit 130' INT TERM
  start
  "$@"
  ;;
*)
  echo "usage: registry.sh start | stop | with COMMAND [ARG...]" >&2
  exit 2
  ;;
esac
