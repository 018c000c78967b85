#!/usr/bin/env bash
# One command from a fresh Debian machine with the .NET 10 SDK to a running cluster. Options are passed on to `coxswain up`.
set -euo pipefail
cd "$(dirname "$0")"
if [ "$(id -u)" != 0 ]; then
  command -v sudo > /dev/null || { echo "up.sh needs root to run containers: run it as root, or install sudo" >&2; exit 1; }
  exec sudo --preserve-env=PATH,DOTNET_ROOT "$0" "$@"
fi
scripts/packages.sh node
newest=$(find src schema Directory.Build.props Directory.Packages.props -newer artifacts/publish/coxswain -type f -print -quit 2>/dev/null || echo none)
if [ ! -x artifacts/publish/coxswain ] || [ -n "$newest" ]; then
  echo "building artifacts/publish/coxswain"
  ./build.sh publish > /dev/null
fi
exec artifacts/publish/coxswain up "$@"
