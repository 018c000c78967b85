#!/usr/bin/env bash
# Installs the Debian packages that are missing for a purpose, and says which.
#   scripts/packages.sh node    what a machine needs to run containers
#   scripts/packages.sh test    what the tests need besides
set -euo pipefail
node=(containerd runc containernetworking-plugins nftables iproute2 conntrack)
test=(busybox-static redis-server curl python3 python3-kubernetes procps util-linux)

case "${1:-}" in
  node) wanted=("${node[@]}") ;;
  test) wanted=("${node[@]}" "${test[@]}") ;;
  *) echo "usage: scripts/packages.sh node|test" >&2; exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo > /dev/null; then sudo "$@"
  else echo "root is needed to install: ${missing[*]}" >&2; exit 1; fi
}

command -v apt-get > /dev/null || { echo "these packages are missing and this machine has no apt-get: ${missing[*]}" >&2; exit 1; }
echo "installing Debian packages: ${missing[*]}"
# Installing must not start daemons of the distribution: the cluster starts its own, and tests only use the binaries.
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' | as_root tee $policy > /dev/null; as_root chmod +x $policy; made=1; fi
trap '[ -z "$made" ] || as_root rm -f $policy' EXIT
log=$(mktemp)
if ! { as_root apt-get -q update && as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"; } > "$log" 2>&1; then
  cat "$log" >&2
  echo "could not install: ${missing[*]}" >&2
  exit 1
fi
rm -f "$log"
