#!/usr/bin/env bash
# Builds the guestbook's images without a registry, from this machine's Debian packages and the front end's source,
# as OCI archives in artifacts/images: localhost/guestbook/frontend:1.0 and :1.1, localhost/guestbook/redis:7, localhost/busybox:1.
#   build-images.sh [busybox]     busybox: that image alone
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$PWD/artifacts/images
mkdir -p "$out"

missing=()
command -v redis-server > /dev/null || missing+=(redis-server)
[ -x /bin/busybox ] && [ -z "$(ldd /bin/busybox 2>&1 | grep '=>')" ] || missing+=(busybox-static)
[ ${#missing[@]} -eq 0 ] || { echo "missing Debian packages: ${missing[*]} (apt-get install ${missing[*]})" >&2; exit 1; }

# Copies a program and the shared libraries it needs.
with_libraries() { # rootfs program target
  install -D -m 755 "$2" "$1$3"
  { ldd "$2" 2>/dev/null || true; } | sed -nE 's/.*=> (\/[^ ]+) .*/\1/p; s/^[[:space:]]*(\/[^ ]+) \(.*/\1/p' | sort -u |
    while read -r library; do install -D -m 755 "$library" "$1$library"; done
}

base() { # rootfs: a shell, the tools people expect in a container, users, and a writable /tmp
  mkdir -p "$1"/{bin,etc,tmp,data,proc,sys,dev,usr/bin}
  chmod 1777 "$1/tmp"
  install -m 755 /bin/busybox "$1/bin/busybox"
  for applet in $(/bin/busybox --list); do [ -e "$1/bin/$applet" ] || ln -s busybox "$1/bin/$applet"; done
  printf 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\napp:x:1000:1000:app:/:/bin/sh\n' > "$1/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\napp:x:1000:\n' > "$1/etc/group"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "building localhost/busybox:1"
base "$work/busybox"
scripts/oci-image.sh "$out/busybox.tar" localhost/busybox:1 "$work/busybox" '{"Cmd":["/bin/sh"],"Env":["PATH=/bin:/usr/bin"]}'
[ "${1:-}" != busybox ] || exit 0

echo "building localhost/guestbook/redis:7"
base "$work/redis"
with_libraries "$work/redis" "$(command -v redis-server)" /usr/bin/redis-server
with_libraries "$work/redis" "$(command -v redis-cli)" /usr/bin/redis-cli
scripts/oci-image.sh "$out/redis.tar" localhost/guestbook/redis:7 "$work/redis" \
  '{"Entrypoint":["/usr/bin/redis-server"],"Cmd":["--bind","*","--protected-mode","no","--dir","/data"],"Env":["PATH=/bin:/usr/bin"],"WorkingDir":"/data","StopSignal":"SIGTERM"}'

echo "building localhost/guestbook/frontend:1.0 and :1.1"
dotnet publish examples/guestbook/frontend -c Release -v quiet --nologo -o "$work/publish"
base "$work/frontend"
with_libraries "$work/frontend" "$work/publish/guestbook-frontend" /app/guestbook-frontend
for version in 1.0 1.1; do
  scripts/oci-image.sh "$out/frontend-$version.tar" "localhost/guestbook/frontend:$version" "$work/frontend" \
    '{"Entrypoint":["/app/guestbook-frontend"],"Env":["PATH=/bin:/usr/bin","GUESTBOOK_VERSION='$version'"],"WorkingDir":"/app","User":"1000:1000"}'
done
ls -l "$out"
