#!/usr/bin/env bash
# Loads the built images into a running cluster. Options (such as --data-dir) are passed on.
set -euo pipefail
cd "$(dirname "$0")/../.."
for archive in artifacts/images/*.tar; do
  artifacts/publish/coxswain image import "$archive" "$@"
done
