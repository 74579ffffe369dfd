#!/bin/sh
# Compiles sockets.c to the object given as $1, or to sockets.o beside it. Needs clang and llvm-strip.
# The result holds no path of this machine, so that one compiler gives one object everywhere.
set -eu
cd "$(dirname "$0")"
out=${1:-sockets.o}
clang -O2 -g -Wall -Werror -target bpf -fdebug-compilation-dir=. -c sockets.c -o "$out"
llvm-strip -g "$out"
