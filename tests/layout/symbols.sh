#!/usr/bin/env bash
# Prints the symbols that a shared library exports, sorted. df_assert_failed is left out: only debug and sanitizer builds
# have it (core/assert.h).
#   tests/layout/symbols.sh LIBRARY
set -euo pipefail
nm -D --defined-only "$1" | awk '{ print $3 }' | grep -vx df_assert_failed | LC_ALL=C sort -u
