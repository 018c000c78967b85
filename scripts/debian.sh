# Sourced by the scripts that need programs of a Debian release other than the machine's own: packages are fetched with apt's own
# options from the mirror that this machine's apt sources name, and only unpacked; the system is not touched.

# The first Debian mirror of the machine's own sources, in the old one-line form or the new deb822 form.
mirror() {
  cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    sed -nE 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p; s/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p' |
    grep -E '/debian/?$' | head -n 1
}

# Unpacks packages of a suite into a folder.
#   unpack SUITE FOLDER PACKAGE...
unpack() {
  local suite=$1 folder=$2; shift 2
  local work; work=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" RETURN
  from_suite "$suite" "$work" download "$@"
  local package
  for package in "$work"/*.deb; do dpkg -x "$package" "$folder"; done
}

# Runs apt-get in a work folder, on the packages and sources of one suite alone.
#   from_suite SUITE WORK COMMAND...
from_suite() {
  local suite=$1 work=$2; shift 2
  [ -n "$(mirror)" ] || { echo "no Debian mirror found in this machine's apt sources" >&2; return 1; }
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  chmod -R a+rX "$work"
  local kind=deb
  if [ "$1" = source ]; then kind=deb-src; fi
  echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main" > "$work/sources.list"
  local options=(-q -q -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$work/lists"
    -o Dir::State::status=/dev/null -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3)
  apt-get "${options[@]}" update
  (cd "$work" && apt-get "${options[@]}" "$@")
}

# Puts programs of some packages of a suite into a folder, unless they are there.
#   fetch SUITE FOLDER "PACKAGE..." "PROGRAM..."
fetch() {
  local suite=$1 folder=$2 packages=$3 programs=$4 program missing=
  for program in $programs; do [ -x "$folder/$program" ] || missing=1; done
  [ -n "$missing" ] || return 0
  local unpacked; unpacked=$(mktemp -d)
  # shellcheck disable=SC2086
  unpack "$suite" "$unpacked" $packages
  mkdir -p "$folder"
  for program in $programs; do
    install -m 755 "$(find "$unpacked" -type f -path '*/bin/*' -name "$program" -perm -u+x | head -n 1)" "$folder/$program"
  done
  rm -rf "$unpacked"
}
