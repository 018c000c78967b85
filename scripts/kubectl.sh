#!/usr/bin/env bash
# Puts the real kubectl of Debian 12 (1.20) and of Debian sid (current) into a tools folder, without touching the system:
# packages are fetched with apt's own options from the mirror that this machine's apt sources name, and only unpacked.
#   scripts/kubectl.sh [FOLDER]     default: tools/kubectl below the repository; gives FOLDER/1.20/kubectl and FOLDER/sid/kubectl
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-tools/kubectl}
mkdir -p "$target"
target=$(cd "$target" && pwd)

# The first Debian mirror of the machine's own sources, in the old one-line form or the new deb822 form.
mirror() {
  cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    sed -nE 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p; s/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p' |
    grep -E '/debian/?$' | head -n 1
}

fetch() { # suite package folder
  local suite=$1 package=$2 folder=$3
  [ -x "$target/$folder/kubectl" ] && return 0
  local work; work=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" RETURN
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/unpacked"
  chmod -R a+rX "$work"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main" > "$work/sources.list"
  local options=(-q -q -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$work/lists"
    -o Dir::State::status=/dev/null -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3)
  apt-get "${options[@]}" update
  (cd "$work" && apt-get "${options[@]}" download "$package")
  dpkg -x "$work"/*.deb "$work/unpacked"
  mkdir -p "$target/$folder"
  # Both packages hold one binary of that name.
  install -m 755 "$(find "$work/unpacked" -type f -name kubectl -perm -u+x | head -n 1)" "$target/$folder/kubectl"
}

[ -n "$(mirror)" ] || { echo "no Debian mirror found in this machine's apt sources" >&2; exit 1; }
fetch bookworm kubernetes-client 1.20
fetch sid kubectl sid
for version in 1.20 sid; do
  printf '%s: ' "$version"
  "$target/$version/kubectl" version --client -o json | sed -nE 's/.*"gitVersion": "([^"]+)".*/\1/p'
done
