#!/bin/sh
# Puts the merged configuration into force.
#
#   ci/deploy.sh [DIR]
#
# LOCKGATE_SERVER, LOCKGATE_TOKEN   the server, and a token of an account that may apply
set -eu
dir=${1:-config}
lockgate check "$dir" --without-secrets
lockgate test "$dir"
lockgate apply "$dir" --server "$LOCKGATE_SERVER"
