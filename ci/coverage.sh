#!/usr/bin/env bash
# Sums the line coverage of a build with --coverage per folder. Called by `make coverage`.
#   ci/coverage.sh BUILD     also writes BUILD/files.csv and BUILD/html/index.html
set -euo pipefail
build=$1
mkdir -p "$build/html"
gcovr --root . --object-directory "$build" --filter '(lib|baselines|bench)/' --gcov-ignore-parse-errors \
  --csv "$build/files.csv" --html-details "$build/html/index.html" "$build" >"$build/gcovr.log" 2>&1 ||
  { cat "$build/gcovr.log"; exit 1; }
# filename,line_total,line_covered,...
awk -F, '
  $1 ~ /^build/ { next } # a public header by its link: an inline function, counted where it is used
  NR > 1 && $2 > 0 {
    n = split($1, part, "/"); room = part[1]
    for (i = 2; i < n; i++) room = room "/" part[i]
    total[room] += $2; covered[room] += $3; files[room]++; all += $2; all_covered += $3; all_files++
  }
  END {
    printf "%-24s %6s %8s %8s %8s\n", "room", "files", "lines", "reached", "%"
    for (room in total) printf "%-24s %6d %8d %8d %8.1f\n", room, files[room], total[room], covered[room], 100 * covered[room] / total[room] | "sort"
    close("sort")
    if (!all) { print "no line was measured"; exit 1 }
    printf "%-24s %6d %8d %8d %8.1f\n", "all", all_files, all, all_covered, 100 * all_covered / all
  }' "$build/files.csv"
echo "each file: $build/html/index.html"
