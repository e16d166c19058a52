#!/bin/sh
# Installs what building and testing need, on a machine that has Node.js and npm: the pinned packages of the lock file, and
# (as root on Debian) the programs that the build and the tests run. Does nothing where all of it is there already.
set -eu
cd "$(dirname "$0")/.."

if [ ! -x node_modules/.bin/bun ] || [ pnpm-lock.yaml -nt node_modules/.modules.yaml ]; then
  # pinned here and not as package.json's packageManager: with that field pnpm 12 refuses a frozen lock file without its own entry
  npm exec --yes -- pnpm@12.21.0 install --frozen-lockfile
  touch node_modules/.modules.yaml
fi

# command → Debian package that has it
missing=
want() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
want gcc gcc
[ -e /usr/include/stdio.h ] || missing="$missing libc6-dev"
[ -e /usr/include/linux/bpf.h ] || missing="$missing linux-libc-dev"
want ip iproute2
want nft nftables
want runc runc
want ctr containerd
want busybox busybox-static
want docker docker.io
want zstd zstd
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -q
    # shellcheck disable=SC2086 # a list of package names
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
  else
    echo "bootstrap: please install:$missing" >&2
    exit 1
  fi
fi
