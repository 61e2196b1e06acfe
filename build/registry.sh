#!/bin/sh
# Starts or stops the registry on loopback that the demo and the tests pull from: registry.sh start|stop
set -eu
cd "$(dirname "$0")/.."

registry=${REGISTRY:-127.0.0.1:5080}
pidfile=$PWD/out/registry.pid

running() { [ -f "$pidfile" ] && kill -0 "$(cat "$pidfile")" 2> /dev/null; }

case ${1:-} in
start)
  if running && curl -fs "http://$registry/v2/" -o /dev/null; then exit 0; fi
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
  echo $! > "$pidfile"
  for _ in $(seq 50); do
    if curl -fs "http://$registry/v2/" -o /dev/null; then exit 0; fi
    sleep 0.2
  done
  echo "the registry did not start; its log:" >&2
  tail out/registry.log >&2
  exit 1
  ;;
stop)
  if running; then kill "$(cat "$pidfile")"; fi
  rm -f "$pidfile"
  ;;
*)
  echo "usage: registry.sh start|stop" >&2
  exit 2
  ;;
esac
