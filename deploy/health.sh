#!/bin/sh
# Healthy: a container that serves answers, and one that runs is running.
tr '\0' ' ' </proc/1/cmdline | grep -q 'entrypoint.sh serve' || exit 0
exec python -c "
import sys, urllib.request
answer = urllib.request.urlopen('http://127.0.0.1:${PORT:-8080}/', timeout=4)
sys.exit(answer.status != 200)"
