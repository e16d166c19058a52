#!/bin/sh
# Generates packages/rpc/src/gen from proto/ with the pinned buf and ts-proto of node_modules; needs no network.
#
#   scripts/gen.sh           write the generated files
#   scripts/gen.sh --check   fail if what is committed differs from what would be written
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/packages/rpc/src/gen
PATH=$root/node_modules/.bin:$PATH
export PATH

mode=${1:-write}
case $mode in
write | --check) ;;
*)
  echo "usage: scripts/gen.sh [--check]" >&2
  exit 2
  ;;
esac

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

(cd "$root/proto" && buf generate --output "$fresh")

# fieldpath.proto only declares file and message options, for code that generates event filters in Go. Nothing on the wire
# uses it, and through it the whole of descriptor.proto would be generated.
rm -rf "$fresh/containerd/types/fieldpath.ts" "$fresh/google/protobuf/descriptor.ts"

if [ "$mode" = --check ]; then
  if ! diff -r -u "$target" "$fresh"; then
    echo "packages/rpc/src/gen is out of date: run scripts/gen.sh and commit the result" >&2
    exit 1
  fi
  exit 0
fi

rm -rf "$target"
mkdir -p "$target"
cp -R "$fresh/." "$target/"
