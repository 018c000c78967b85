#!/usr/bin/env bash
# Installs what the tests need, and runs them all. The last line is `N passed, N failed, N skipped`.
set -euo pipefail
cd "$(dirname "$0")"
if [ "$(id -u)" != 0 ] && command -v sudo > /dev/null; then
  exec sudo --preserve-env=PATH,DOTNET_ROOT,CI "$0" "$@"
fi
scripts/packages.sh test
scripts/kubectl.sh
scripts/etcd.sh
scripts/clients.sh
exec ./build.sh all
