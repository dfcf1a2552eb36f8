#!/bin/bash
# Pull, run and push, or serve: `entrypoint.sh [run|serve] [options of the command]`.
#
# Without PDP_REMOTE nothing is pulled or pushed, and /app/data is all there is.
#   run     ends with the run's exit code; what was published (0, 6) is pushed first, and a push
#           that fails ends with its own: 4 where another machine pushed meanwhile. With
#           PRUNE=yes the remote is rid of what it needs no more after the push
#   serve   listens on PORT, for browsers that know it as ORIGIN (on Fly: the app's own name). Of
#           the remote it reads what a visitor's passphrase opens, so it needs no key of the vault
# Any other words are a command of the pipeline: `doctor`, `status`, `state status`, ...
# SIGTERM and SIGINT interrupt what is under way: exit code 130, and nothing half published.
set -u
cd "$(dirname "$0")/.." || exit 1
python=${PYTHON:-python}
child= interrupted= told=
set -m  # else a background job ignores SIGINT until it has begun, and the signal is lost

# Once: whether the signal or the child's number came first.
tell() {
    [ -n "$child" ] && [ "$told" != "$child" ] || return 0
    told=$child
    kill -INT "$child" 2>/dev/null
}

interrupt() {
    interrupted=1
    tell
}
trap interrupt INT TERM

# In the background, since a child in the foreground would delay the trap.
pipeline() {
    [ -z "$interrupted" ] || return 130
    "$python" cli.py "$@" &
    child=$!
    [ -z "$interrupted" ] || tell
    wait "$child" 2>/dev/null; code=$?
    while kill -0 "$child" 2>/dev/null; do wait "$child" 2>/dev/null; code=$?; done
    child=
    [ -z "$interrupted" ] || return 130
    return "$code"
}

pull() { [ -z "${PDP_REMOTE:-}" ] || pipeline state pull --quiet; }
push() { [ -z "${PDP_REMOTE:-}" ] || pipeline state push --quiet; }

prune() { [ -z "${PDP_REMOTE:-}" ] || [ "${PRUNE:-}" != yes ] || pipeline state prune --quiet; }

run() {
    pull || return
    pipeline run "$@"; outcome=$?
    case $outcome in
        0 | 6) push && prune || return ;;
    esac
    return "$outcome"
}

serve() {
    origin=${ORIGIN:-${FLY_APP_NAME:+$FLY_APP_NAME.fly.dev}}
    pipeline serve --address 0.0.0.0 --port "${PORT:-8080}" ${origin:+--origin "$origin"} "$@"
}

case ${1:-run} in
    run) [ $# -eq 0 ] || shift; run "$@" ;;
    serve) shift; serve "$@" ;;
    *) pipeline "$@" ;;
esac
