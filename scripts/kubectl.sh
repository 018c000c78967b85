#!/usr/bin/env bash
# Puts the real kubectl of Debian 12 (1.20) and of Debian sid (current) into a tools folder (see debian.sh).
#   scripts/kubectl.sh [FOLDER]     default: tools/kubectl below the repository; gives FOLDER/1.20/kubectl and FOLDER/sid/kubectl
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh
target=${1:-tools/kubectl}
mkdir -p "$target"
target=$(cd "$target" && pwd)

fetch bookworm "$target/1.20" kubernetes-client kubectl
fetch sid "$target/sid" kubectl kubectl
for version in 1.20 sid; do
  printf '%s: ' "$version"
  "$target/$version/kubectl" version --client -o json | sed -nE 's/.*"gitVersion": "([^"]+)".*/\1/p'
done
