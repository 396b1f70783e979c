#!/usr/bin/env bash
# ci/man.sh PROGRAM FOLDER: writes the manual pages dynaflow.1 and dynaflow-COMMAND.1 from the program's --help, with
# help2man.
set -eu
program=$1 folder=$2
command -v help2man >/dev/null || { echo "man: help2man is not installed" >&2; exit 1; }
mkdir -p "$folder"
version=$("$program" --version | awk '{print $2}')
# page NAME SUMMARY ARGUMENT...: the page of one command
page() {
  local name=$1 summary=$2
  shift 2
  help2man --no-info --no-discard-stderr --version-string="$version" --manual="User Commands" --source="dynaflow $version" \
    --name="$summary" "$@" |
    sed -e "s/^\\.TH DYNAFLOW /.TH ${name^^} /" -e "s/^dynaflow  *[a-z0-9]* \\\\- /${name//-/\\\\-} \\\\- /" >"$folder/$name.1"
}
include=$(mktemp)
trap 'rm -f "$include"' EXIT
commands=$("$program" --help | sed -n '/^Commands:$/,/^$/s/^  \([a-z0-9]*\)  *\(.*\)/\1 \2/p')
{
  printf '[COMMON OPTIONS]\n.nf\n'
  "$program" help options | sed '1d; s/\\/\\\\/g; s/-/\\-/g'
  printf '.fi\n\n[SEE ALSO]\n'
  sed 's/^\([a-z0-9]*\).*/.BR dynaflow-\1 (1)/' <<<"$commands"
} >"$include"
page dynaflow "train and evaluate flow-matching models with a simulator inside" --include="$include" "$program"
printf '[SEE ALSO]\n.BR dynaflow (1),\nwhich describes the common options\n' >"$include"
while read -r name summary; do page "dynaflow-$name" "$summary" --include="$include" "$program $name"; done <<<"$commands"
