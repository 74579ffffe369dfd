#!/bin/sh
# Compiles births.c to the object given as $1, or to births.o beside it. Needs clang and llvm-strip.
# The result holds no path of this machine, so that one compiler gives one object everywhere.
set -eu
cd "$(dirname "$0")"
out=${1:-births.o}
clang -O2 -g -Wall -Werror -target bpf -fdebug-compilation-dir=. -c births.c -o "$out"
llvm-strip -g "$out"
