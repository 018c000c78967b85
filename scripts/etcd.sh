#!/usr/bin/env bash
# Puts the real etcd of Debian 12 (3.4) and of Debian 13 (3.5) into a tools folder (see debian.sh).
#   scripts/etcd.sh [FOLDER]     default: tools/etcd below the repository; gives FOLDER/3.4/{etcd,etcdctl} and FOLDER/3.5/{etcd,etcdctl}
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh
target=${1:-tools/etcd}
mkdir -p "$target"
target=$(cd "$target" && pwd)

fetch bookworm "$target/3.4" "etcd-server etcd-client" "etcd etcdctl"
fetch trixie "$target/3.5" "etcd-server etcd-client" "etcd etcdctl"
for version in 3.4 3.5; do
  printf '%s: ' "$version"
  "$target/$version/etcd" --version | sed -nE 's/^etcd Version: //p'
done
