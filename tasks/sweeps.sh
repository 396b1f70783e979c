#!/bin/sh
# Sweeps over what a method learns from, one command each, for any task (docs/running.md):
#
#   tasks/sweeps.sh TASK low_data|noise|horizon [PROFILE [SEEDS [OPTION...]]]
#
#   low_data  training on the first 1, 2, 5, 10, ... training episodes of each gait and on all (train.episodes)
#   noise     noise on the training demonstrations (train.noise), in standard deviations
#   horizon   actions per window (window.horizon)
#
# PROFILE is the one of the training (default: full), SEEDS are e.g. 1,2,3 or 1..5 (default: 1); OPTION... are common
# options (`dynaflow help options`), such as --set and --threads. Methods: $METHODS; values: $VALUES, e.g. "1 2 5 all";
# metrics of the figure: $METRICS. One run per value, and sweep.csv, sweep.md and the figure sweep.svg of all of them,
# are written to $OUT (default: results/runs/sweeps-TASK-PROFILE/SWEEP). A command that was interrupted resumes; one with
# other seeds or methods adds them to the tables.
set -eu
usage() {
  sed -n '4p' "$0" | cut -c5- >&2
  exit 2
}
[ $# -ge 2 ] || usage
task=$1 sweep=$2 profile=${3:-full} seeds=${4:-1}
shift 2
[ $# -eq 0 ] || shift
[ $# -eq 0 ] || shift
root=$(cd "$(dirname "$0")/.." && pwd)
dynaflow=${DYNAFLOW:-$root/build/dynaflow}
methods=${METHODS:-dynaflow,dynaflow_tracking,dynaflow_recovered,kinematic_fm_idm,ddat_projection,action_fm,action_fm_recovered}
metrics=${METRICS:-tre_open_loop,sae_own,fall_rate}
out=${OUT:-results/runs/sweeps-$(basename "$task")-$profile/$sweep}
case $sweep in
  low_data) key=train.episodes values=${VALUES:-1 2 5 10 20 50 100 all} axis='training episodes per gait' ;;
  noise) key=train.noise values=${VALUES:-0 0.03 0.1 0.3} axis='noise on the training demonstrations [std]' ;;
  horizon) key=window.horizon values=${VALUES:-8 16 32 64} axis='actions per window' ;;
  *) usage ;;
esac
# common options only, which all commands take
known=$("$dynaflow" list methods --quiet "$@")
for method in $(echo "$methods" | tr ',' ' '); do
  echo "$known" | grep -qw "$method" || { echo "unknown method '$method', see \`dynaflow list methods\`" >&2; exit 2; }
done

known=$("$dynaflow" list metrics --quiet "$@")
for metric in $(echo "$metrics" | tr ',' ' '); do # a part of a metric, such as tre.base_pos, has the metric's name before it
  echo "$known" | awk -v name="$metric" -v whole="${metric%%.*}" '$2 == name || $2 == whole { found = 1 } END { exit !found }' || {
    echo "\$METRICS: unknown metric '$metric', see \`dynaflow list metrics\`" >&2
    exit 2
  }
done

# plans_of RUN: how many commands have planned cells in it
plans_of() {
  cat "$1"/events*.jsonl 2>/dev/null | grep -c '"type": *"plan"' || :
}
# admits VALUE OPTION...: the task has demonstrations enough, and long enough, for this value; other errors end the sweep
admits() {
  value=$1
  shift
  "$dynaflow" data info "$task" --profile "$profile" --set "$key=$value" "$@" >/dev/null 2>"$out/error" && return 0
  grep -Eq 'train.episodes = [0-9]* exceeds|windows of window.horizon = [0-9]* actions|window.horizon \+ 1 is' "$out/error" && return 1
  cat "$out/error" >&2
  exit 2
}
mkdir -p "$out"
# a folder holds one sweep: other seeds and methods join its tables, other settings would be pooled with them
printf '%s\n' "$task" "$profile" "$@" >"$out/settings.new"
[ ! -e "$out/settings" ] || cmp -s "$out/settings" "$out/settings.new" || {
  rm "$out/settings.new"
  echo "$out holds a sweep with another task, profile or options: $(tr '\n' ' ' <"$out/settings"); name another folder by OUT" >&2
  exit 2
}
mv "$out/settings.new" "$out/settings"
rm -f "$out/sweep.csv" "$out/sweep.md" "$out/sweep.svg" "$out/sweep.dat" "$out/sweep.gp"
"$dynaflow" data make "$task" --profile "$profile" "$@" >/dev/null 2>&1 || : # demonstrations that are not there yet

# which values can be run, before the first one is trained
admitted=
for value in $values; do
  number=$value
  [ "$value" != all ] || number=0
  if (admits "$number" "$@"); then
    admitted="$admitted $value"
  else
    [ $? -eq 1 ] || exit 2
    reason='more than the task has'
    [ "$sweep" != horizon ] || reason="too long for the task's episodes"
    echo "$key = $value: $reason, left out" >&2
  fi
done
done_values=
code=0
lost=0
for value in $admitted; do
  number=$value
  [ "$value" != all ] || number=0
  run=$out/$value
  # a cell that a method refuses or that diverges is a result, too; a run that is refused has no plan, and ends the sweep
  plans=$(plans_of "$run")
  "$dynaflow" run "$task" --profile "$profile" --seed "$seeds" --method "$methods" --set "$key=$number" --out "$run" \
    "$@" >"$out/log" || { code=$?; [ $code -le 4 ] && [ "$(plans_of "$run")" -gt "$plans" ] || exit $code; }
  "$dynaflow" report "$run" --quiet --partial >/dev/null 2>"$out/error" || [ -s "$run/report/results.csv" ] || {
    cat "$out/error" >&2
    echo "$key = $value: the run has no cell, left out" >&2
    lost=1
    continue
  }
  done_values="$done_values $value"
done
[ -n "$done_values" ] || { echo "no value of $key can be run" >&2; exit 2; }

# sweep.csv: mean, smallest and largest over the seeds; `failed` counts cells without numbers
for value in $done_values; do
  awk -F, -v sweep="$sweep" -v value="$value" '
    NR == 1 { next }
    $5 == "" { failed[$1 "," $2]++; next }
    $7 == "" { next }
    {
      at = $1 "," $2 "," $5 "," $6 "," $8
      if (!(at in n)) { order[++rows] = at; low[at] = high[at] = $7 }
      n[at]++
      sum[at] += $7
      if ($7 + 0 < low[at] + 0) low[at] = $7
      if ($7 + 0 > high[at] + 0) high[at] = $7
    }
    END {
      for (i = 1; i <= rows; i++) {
        at = order[i]
        split(at, part, ",")
        name = part[1] "," part[2]
        printf "%s,%s,%s,%.10g,%.10g,%.10g,%d,%d\n", sweep, value, at, sum[at] / n[at], low[at], high[at], n[at], failed[name]
        seen[name] = 1
      }
      for (name in failed) if (!(name in seen)) printf "%s,%s,%s,,,,,,,0,%d\n", sweep, value, name, failed[name]
    }' "$out/$value/report/results.csv"
done >"$out/rows"
{
  echo sweep,value,task,method,metric,k,unit,mean,min,max,seeds,failed
  cat "$out/rows"
} >"$out/sweep.csv"

# sweep.md: a table per metric and K, a row per method and a column per value; a method that does not depend on K, whose K
# is 0, is in all of them
awk -F, -v values="$done_values" -v metrics="$metrics" -v axis="$axis" '
  function cell(at, of, without,   out) {
    out = " –"
    if (!(at in mean)) at = without # does not depend on K
    if (at in mean) out = sprintf(" %.3g", mean[at])
    if (at in mean && low[at] != high[at]) out = out sprintf(" [%.3g, %.3g]", low[at], high[at])
    if (of in lost) out = out sprintf(" (%d failed)", lost[of])
    return out
  }
  $5 == "" { lost[$4, $2] = $12; methods[$4]++; if (methods[$4] == 1) name[++m] = $4; next }
  {
    if (!($4 in methods)) { methods[$4] = 1; name[++m] = $4 }
    if ($6 + 0 > 0 && !known[$5, $6]++) ks[$5] = ks[$5] " " $6
    there[$5] = 1
    unit[$5] = $7
    at = $4 SUBSEP $2 SUBSEP $5 SUBSEP $6
    mean[at] = $8; low[at] = $9; high[at] = $10
    if ($11 > seeds) seeds = $11
    if ($12 > 0) lost[$4, $2] = $12
  }
  END {
    n = split(values, v, " ")
    w = split(metrics, metric, ",")
    printf "Mean over the seeds [smallest, largest], at most %d.\n", seeds
    for (j = 1; j <= w; j++) {
      if (!(metric[j] in there)) continue
      if (ks[metric[j]] == "") ks[metric[j]] = "0"
      count = split(ks[metric[j]], k, " ")
      for (q = 1; q <= count; q++) {
        printf "\n`%s`%s, K = %s, against %s:\n\n| method |", metric[j], (unit[metric[j]] == "" ? "" : " [" unit[metric[j]] "]"), k[q], axis
        for (i = 1; i <= n; i++) printf " %s |", v[i]
        printf "\n| --- |"
        for (i = 1; i <= n; i++) printf " ---: |"
        printf "\n"
        for (a = 1; a <= m; a++) {
          printf "| `%s` |", name[a]
          for (i = 1; i <= n; i++)
            printf "%s |", cell(name[a] SUBSEP v[i] SUBSEP metric[j] SUBSEP k[q], name[a] SUBSEP v[i],
                name[a] SUBSEP v[i] SUBSEP metric[j] SUBSEP 0)
          printf "\n"
        }
      }
    }
  }' "$out/rows" >"$out/sweep.md"

# sweep.svg: a panel per metric, a line per method at its smallest K with the range of its seeds; K is 0 for methods that
# do not depend on it
awk -F, -v values="$done_values" -v metrics="$metrics" -v axis="$axis" -v data="$out/sweep.dat" -v figure="$out/sweep.svg" '
  $5 != "" {
    if (!($4 in methods)) { methods[$4] = 1; name[++m] = $4 }
    if (!(($4, $5) in k) || $6 + 0 < k[$4, $5]) k[$4, $5] = $6 + 0
    mean[$4, $2, $5, $6 + 0] = $8 " " $9 " " $10
    there[$5] = 1
    unit[$5] = $7
  }
  END {
    n = split(values, v, " ")
    w = split(metrics, metric, ",")
    for (j = 1; j <= w; j++) if (metric[j] in there) panel[++panels] = metric[j]
    printf "set terminal svg size %d,360 dynamic enhanced background rgb \"white\"\nset output \"%s\"\n", 380 * panels, figure
    printf "set multiplot layout 1,%d\nset grid\nset key top right font \",9\" noenhanced\nset xrange [0.5:%d.5]\nset xtics (", panels, n
    for (i = 1; i <= n; i++) printf "%s\"%s\" %d", (i > 1 ? ", " : ""), v[i], i
    printf ")\nset xlabel \"%s\" noenhanced\n", axis
    for (j = 1; j <= panels; j++) {
      p = panel[j]
      printf "set title \"%s%s, smallest K\" noenhanced\n%s\nplot", p, (unit[p] == "" ? "" : " [" unit[p] "]"), (j > 1 ? "unset key" : "")
      for (a = 1; a <= m; a++) {
        printf "%s \"%s\" index %d using 1:2:3:4 with yerrorlines lw 1.5 pt 7 ps 0.5 lc %d title \"%s\"", (a > 1 ? "," : ""), data, block++, a, name[a]
        printf "# %s, %s: number of the value, mean, smallest, largest\n", p, name[a] >data
        for (i = 1; i <= n; i++) {
          at = name[a] SUBSEP v[i] SUBSEP p SUBSEP k[name[a], p]
          print i, (at in mean) ? mean[at] : "nan nan nan" >data
        }
        printf "\n\n" >data
      }
      printf "\n"
    }
    printf "unset multiplot\n"
  }' "$out/rows" >"$out/sweep.gp"
for metric in $(echo "$metrics" | tr ',' ' '); do
  awk -F, -v metric="$metric" '$5 == metric { found = 1 } END { exit !found }' "$out/rows" && continue
  echo "$metric: no method of this sweep has it, see \`dynaflow list metrics\`" >&2
  lost=1
done
rm -f "$out/rows" "$out/error" "$out/log"
cat "$out/sweep.md"
echo
if gnuplot -d "$out/sweep.gp" && [ -s "$out/sweep.svg" ]; then
  echo "written to $out: sweep.csv, sweep.md, sweep.svg, and a run per value"
else
  rm -f "$out/sweep.svg"
  echo "gnuplot did not draw $out/sweep.svg; written to $out: sweep.csv, sweep.md, and a run per value" >&2
  lost=1
fi
exit $lost
