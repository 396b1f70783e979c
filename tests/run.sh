#!/usr/bin/env bash
# Runs test programs (CMocka binaries and test_*.sh scripts) and sums up. Fails if one fails or if none ran.
# A script passes when it exits 0 and prints lines "ok ..." for its checks; each such line counts as one test.
set -u
passed=0 failed=0 skipped=0
for program in "$@"; do
  case $program in
    *.sh) output=$(bash "$program" 2>&1) ;;
    *)    output=$("./${program#./}" 2>&1) ;;
  esac
  code=$?
  case $program in
    *.sh) ok=$(grep -c '^ok ' <<<"$output"); bad=$(grep -c '^not ok ' <<<"$output"); skip=0 ;;
    *)    ok=$(grep -c '\[       OK \]' <<<"$output"); bad=$(grep '\[  FAILED  \]' <<<"$output" | grep -vc 'test(s)')
          bad=$((bad / 2)); skip=$(grep '\[  SKIPPED \]' <<<"$output" | grep -vc 'test(s)'); skip=$((skip / 2)) ;;
  esac
  [ "$code" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
  if [ "$ok" -eq 0 ] && [ "$bad" -eq 0 ] && [ "$skip" -eq 0 ]; then bad=1; output+=$'\n'"no test ran"; fi
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
  printf '%-52s %3d passed, %d failed%s\n' "${program#"${BUILD:-build}"/}" "$ok" "$bad" "$([ "$skip" -gt 0 ] && echo ", $skip skipped")"
  [ "$bad" -gt 0 ] && printf '%s\n' "$output" | tail -60
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
