#!/bin/sh
# Compiles the container's init into init/build/init, one static executable that runc-ts embeds.
# `--sanitize` makes init/build/init-sanitized instead, for the fuzz test of the plan reader.
set -eu
cd "$(dirname "$0")/../init"
mkdir -p build
sources='main.c plan.c resolve.c mounts.c rootfs.c console.c process.c start.c'
warnings='-std=gnu11 -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Werror'
if [ "${1:-}" = --sanitize ]; then
  # shellcheck disable=SC2086 # lists of words
  exec gcc $warnings -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -o build/init-sanitized $sources
fi
# shellcheck disable=SC2086
gcc $warnings -static -Os -ffunction-sections -fdata-sections -fstack-protector-strong -D_FORTIFY_SOURCE=2 \
  -Wl,--gc-sections -Wl,-z,noexecstack -Wl,-z,relro,-z,now -s -o build/init.new $sources
mv build/init.new build/init
