#!/usr/bin/env bash
# Puts the client libraries that the tests use, other than Debian's, into a tools folder, without touching the system:
# the JavaScript client, from the registry that this machine's npm is set to, in exactly the versions of the committed lock file.
#   scripts/clients.sh [FOLDER]     default: tools/javascript below the repository
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-tools/javascript}
source=tests/clients/javascript

command -v npm > /dev/null || { echo "npm is missing: the tests of the JavaScript client will be skipped" >&2; exit 0; }
mkdir -p "$target"
if [ -d "$target/node_modules" ] && cmp -s "$source/package-lock.json" "$target/package-lock.json"; then exit 0; fi
cp "$source/package.json" "$source/package-lock.json" "$target/"
if ! (cd "$target" && npm ci --no-audit --no-fund --loglevel=error); then
  rm -rf "$target/node_modules" "$target/package-lock.json"
  echo "the JavaScript client could not be installed: its tests will be skipped" >&2
fi
