# Sourced by the scripts that need programs of a Debian release other than the machine's own: packages are fetched with apt's own
# options from the mirror that this machine's apt sources name, and only unpacked; the system is not touched.

# The first Debian mirror of the machine's own sources, in the old one-line form or the new deb822 form.
mirror() {
  cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    sed -nE 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p; s/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p' |
    grep -E '/debian/?$' | head -n 1
}

# Puts programs of some packages of a suite into a folder, unless they are there.
#   fetch SUITE FOLDER "PACKAGE..." "PROGRAM..."
fetch() {
  local suite=$1 folder=$2 packages=$3 programs=$4 program missing=
  for program in $programs; do [ -x "$folder/$program" ] || missing=1; done
  [ -n "$missing" ] || return 0
  [ -n "$(mirror)" ] || { echo "no Debian mirror found in this machine's apt sources" >&2; return 1; }
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
  # shellcheck disable=SC2086
  (cd "$work" && apt-get "${options[@]}" download $packages)
  local package
  for package in "$work"/*.deb; do dpkg -x "$package" "$work/unpacked"; done
  mkdir -p "$folder"
  for program in $programs; do
    install -m 755 "$(find "$work/unpacked" -type f -path '*/bin/*' -name "$program" -perm -u+x | head -n 1)" "$folder/$program"
  done
}
