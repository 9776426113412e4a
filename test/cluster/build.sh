#!/bin/sh
# Builds etcd, kube-apiserver, kube-controller-manager, kubectl and kwok from their Go modules, once; prints the folder.
set -eu
cd "$(dirname "$0")"
V=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)   # v1.36.3
MM=${V#v}; MAJOR=${MM%%.*}; MINOR=${MM#*.}; MINOR=${MINOR%%.*}
KEY=$( { cat go.sum go.mod; go env GOOS GOARCH GOVERSION; } | sha256sum | cut -c1-16)
OUT=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/albatross/cluster}/$KEY
[ -e "$OUT/.done" ] && { echo "$OUT"; exit 0; }
mkdir -p "$OUT"
CGO_ENABLED=0 go build -trimpath -ldflags="-s -w -X k8s.io/component-base/version.gitVersion=$V -X k8s.io/component-base/version.gitMajor=$MAJOR -X k8s.io/component-base/version.gitMinor=$MINOR" -o "$OUT/" tool
mv "$OUT/server" "$OUT/etcd"
touch "$OUT/.done"
echo "$OUT"
