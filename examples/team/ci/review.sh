#!/bin/sh
# Reviews a change of the configuration before it is merged: checks it, runs its tests, works out what it would
# change on the running server, and says so in the pull request.
#
#   ci/review.sh [DIR]
#
# LOCKGATE_SERVER, LOCKGATE_TOKEN   the server, and a token of an account that may plan
# FORGE_API, FORGE_TOKEN            the forge's API, such as https://api.github.com, and a token that may comment
# FORGE_REPOSITORY, PULL_REQUEST    such as platform/identity, and its number
set -eu
dir=${1:-config}
report=$(mktemp)
trap 'rm -f "$report"' EXIT

lockgate check "$dir" --format "${CHECK_FORMAT:-text}" --without-secrets
lockgate test "$dir"

# 0: nothing changes; 2: something does; anything else is an error.
status=0
lockgate plan "$dir" --server "$LOCKGATE_SERVER" --format markdown > "$report" || status=$?
cat "$report"
case $status in
  0 | 2) ;;
  *) exit "$status" ;;
esac

jq --raw-input --slurp '{body: .}' "$report" |
  curl --silent --show-error --fail-with-body --max-time 30 \
    --header "Authorization: Bearer $FORGE_TOKEN" --header 'Content-Type: application/json' \
    --data @- --output /dev/null \
    "$FORGE_API/repos/$FORGE_REPOSITORY/issues/$PULL_REQUEST/comments"
