#!/bin/sh
# The one gate: format, lint with type-aware rules, types, layers, dead code, generated code unchanged.
set -eu
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
step() { printf '== %s\n' "$1"; }
# what the programs embed is imported by path, so it has to be there
step natives && (cd tools/runc-ts && sh scripts/build-init.sh) && (cd services/dockerd && sh scripts/build-docker-init.sh)
step format && oxfmt --check .
step types && node node_modules/typescript7/bin/tsc -p tsconfig.json
step lint && oxlint --type-aware --deny-warnings
step layers && bun run scripts/check-layers.ts
step 'dead code' && knip
step 'generated code' && sh scripts/gen.sh --check
