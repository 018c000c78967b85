#!/usr/bin/env bash
# Builds upstream's kube-apiserver 1.20.2 from Debian 12's source package of Kubernetes, for the tests of the way in and out of the store.
# Debian packages no such program. Takes five minutes and 3 GB of disk while it runs; needs jq and make.
#   scripts/upstream.sh [FOLDER]     default: tools/upstream below the repository; gives FOLDER/1.20/kube-apiserver
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh
target=${1:-tools/upstream}
mkdir -p "$target/1.20"
target=$(cd "$target/1.20" && pwd)
[ ! -x "$target/kube-apiserver" ] || exit 0
for program in jq make; do command -v $program > /dev/null || { echo "$program is missing: apt-get install $program" >&2; exit 1; }; done

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
# The compiler and rsync, which its makefiles use, unpacked beside it: the system is not touched.
unpack bookworm "$work/root" golang-1.19-go golang-1.19-src rsync libpopt0 libxxhash0
from_suite bookworm "$work/source" source --download-only kubernetes
mkdir "$work/kubernetes"
tar -xzf "$work"/source/kubernetes_*.orig.tar.gz -C "$work/kubernetes" --strip-components 1
cd "$work/kubernetes"

# A library of then reads maps as Go did before 1.18: with an iterator that the runtime allocates. Now the caller does.
reflect2=vendor/github.com/modern-go/reflect2
sed -i -e 's/^func mapiterinit(.*$/func mapiterinit(rtype unsafe.Pointer, m unsafe.Pointer, it *hiter)/' \
  -e 's/^\tvalue unsafe.Pointer .*$/\tvalue unsafe.Pointer\n\trest [14]unsafe.Pointer/' $reflect2/unsafe_link.go
sed -i -e 's/^\treturn &UnsafeMapIterator{$/\tit := new(hiter)\n\tmapiterinit(type2.rtype, *(*unsafe.Pointer)(obj), it)\n\treturn \&UnsafeMapIterator{/' \
  -e 's/^\t\thiter: .*$/\t\thiter: it,/' $reflect2/unsafe_map.go

export GOROOT=$work/root/usr/lib/go-1.19 LD_LIBRARY_PATH=$work/root/usr/lib/$(uname -m)-linux-gnu HOME=$work/home
export PATH=$GOROOT/bin:$work/root/usr/bin:$PATH CGO_ENABLED=0 GOPATH=$PWD/.go FORCE_HOST_GO=y
export KUBE_GIT_VERSION=v1.20.2 KUBE_GIT_COMMIT=unknown KUBE_GIT_TREE_STATE=clean KUBE_GIT_MAJOR=1 KUBE_GIT_MINOR=20
mkdir -p "$HOME" .go/src/k8s.io
ln -s ../../.. .go/src/k8s.io/kubernetes
make WHAT=cmd/kube-apiserver > "$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; exit 1; }
install -m 755 "$(find _output -type f -name kube-apiserver | head -n 1)" "$target/kube-apiserver"
"$target/kube-apiserver" --version
