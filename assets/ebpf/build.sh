#!/bin/sh
# Compiles every program here to the folder given as $1, or to objects beside the sources. Needs clang and llvm-strip.
# The result holds no path of this machine, so that one compiler gives one object everywhere.
set -eu
cd "$(dirname "$0")"
to=${1:-.}
for source in *.c; do
    out=$to/${source%.c}.o
    clang -O2 -g -Wall -Werror -target bpf -fdebug-compilation-dir=. -c "$source" -o "$out"
    llvm-strip -g "$out"
done
