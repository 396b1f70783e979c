#!/usr/bin/env bash
# Help, manual pages and the completion of bash and zsh come from one table of commands, and agree.
. tests/cli/check.sh
# slow

check completion_of_bash_exits_0 exits_with 0 completion bash
cp "$scratch/out" "$scratch/completion.bash"
check completion_of_zsh_exits_0 exits_with 0 completion zsh
cp "$scratch/out" "$scratch/_dynaflow"
check bash_reads_it bash -n "$scratch/completion.bash"
check another_shell_is_refused refuses "unknown shell 'zhs', did you mean 'zsh'" completion zhs
check no_shell_is_refused refuses 'missing argument: bash or zsh' completion

commands=$("$program" --help | sed -n '/^Commands:$/,/^$/s/^  \([a-z0-9]*\)  .*/\1/p')
check there_are_commands [ "$(wc -w <<<"$commands")" -ge 15 ]

# ---- bash: words, the last of which is being completed -> one reply per line ----
# completed WORD...: as a shell in $scratch/here would
mkdir -p "$scratch/here/results/runs/night" "$scratch/here/results/runs/nine" "$scratch/here/tasks/tiny"
cp docs/examples/pendulum/task.yaml "$scratch/here/tasks/tiny/"
touch "$scratch/here/weights.safetensors"
completed() {
  (cd "$scratch/here" && bash -c '
    source "$0"
    [ "$(complete -p dynaflow)" = "complete -F _dynaflow_complete dynaflow" ] || exit 1
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _dynaflow_complete
    [ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' "$scratch/completion.bash" "$program" "$@" 2>/dev/null)
}
# completes REPLIES WORD...: exactly these replies, in any order
completes() {
  local wanted=$1
  shift
  diff <(completed "$@" | sort) <(tr ' ' '\n' <<<"$wanted" | grep . | sort)
}
check a_command_is_completed completes 'report replay' rep
check every_command_is_completed completes "$(tr '\n' ' ' <<<"$commands")help --help --version" ''
check an_option_is_completed completes '--cell-memory --cell-seconds' run --cell
check a_common_option_is_completed completes '--threads' gate --thr
check a_common_option_has_its_letter completes '-t' gate -t
check a_method_is_completed completes 'kinematic_diffusion kinematic_fm kinematic_fm_idm kinematic_fm_inverse kinematic_fm_tracking' run tiny --method kin
check a_method_behind_a_comma_is_completed completes 'dynaflow,random_action' run -m dynaflow,ran
check methods_behind_an_equals_sign_are_completed completes 'replay_demo' run --method = repl
check a_setting_is_completed completes 'net.width=' run --set net.w
check a_profile_is_completed completes 'smoke' run --profile s
check a_task_is_completed completes 'tiny' train ti
check a_run_is_completed completes 'night nine' report ni
check a_word_of_data_is_completed completes 'fetch' data f
check a_kind_of_list_is_completed completes 'metrics methods' list me
check a_name_of_a_list_is_completed completes 'net.width' list settings net.w
check a_method_of_a_list_is_completed completes 'kinematic_diffusion kinematic_fm kinematic_fm_idm kinematic_fm_inverse kinematic_fm_tracking' list methods kin
check a_task_of_the_profiles_is_completed completes 'tiny' list profiles ti
check a_task_of_data_is_completed completes 'tiny' data info ti
check a_word_of_data_stands_once completes '' data info f
check a_task_stands_behind_the_word_of_data completes '' data ti
check the_profiles_of_a_task_are_completed completes 'full smoke' run tiny --profile ''
check the_profiles_of_a_path_are_completed completes 'full smoke' run tasks/tiny --profile ''
check the_profiles_of_all_tasks_are_completed completes 'full_cpu' run --profile full_
check a_file_is_completed completes 'weights.safetensors' eval tiny --checkpoint wei
check a_folder_is_completed completes 'tasks' list --tasks t
check a_number_has_no_replies completes '' run --seed 1

# every option of --help, and no other, is completed, for every command
options_of_help() {
  { "$program" "$1" --help; "$program" help options; } | grep -E '^ +(-[a-z], )?--[a-z]' | grep -oE '(^| )--?[a-z0-9-]+' | tr -d ' ' | sort -u
}
for command in $commands; do
  check "the_options_of_${command}_are_completed" diff <(options_of_help "$command") <(completed "$command" - | sort -u)
done

# ---- zsh ----
if command -v zsh >/dev/null; then
  check zsh_reads_it zsh -n "$scratch/_dynaflow"
  # the replies that bashcompinit gets from the script for words, the last of which is being completed
  cat >"$scratch/complete.zsh" <<'END'
compdef() { registered="$*"; }
script=$1
shift
source $script
[[ $registered == *dynaflow* ]] || exit 1
words=("$@") CURRENT=$# COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
compgen -F _dynaflow_complete -- "${words[CURRENT]}"
END
  zsh_completes() { # zsh_completes REPLIES WORD...
    local wanted=$1
    shift
    diff <(cd "$scratch/here" && zsh -f "$scratch/complete.zsh" "$scratch/_dynaflow" "$program" "$@" | sort) <(tr ' ' '\n' <<<"$wanted" | grep . | sort)
  }
  check zsh_completes_a_command zsh_completes 'report replay' rep
  check zsh_completes_an_option zsh_completes '--cell-memory --cell-seconds' run --cell
  check zsh_completes_a_method zsh_completes 'random_action' run -m ran
  check zsh_completes_a_value_behind_an_equals_sign zsh_completes '--method=dynaflow,random_action' run --method=dynaflow,ran
  check zsh_completes_a_setting zsh_completes 'net.width=' run --set net.w
  check zsh_completes_a_kind_of_list zsh_completes 'metrics methods' list me
  check zsh_completes_a_task_of_data zsh_completes 'tiny' data info ti
  check zsh_completes_the_profiles_of_a_task zsh_completes 'full smoke' run tiny --profile ''
else
  skip completion_of_zsh_is_used 'zsh is not installed'
fi

# ---- manual pages ----
if command -v help2man >/dev/null; then
  check pages_are_written ci/man.sh "$program" "$scratch/man"
  check one_per_command_and_one_for_all diff <(cd "$scratch/man" && ls) <({ echo dynaflow.1; sed 's/.*/dynaflow-&.1/' <<<"$commands"; } | LC_ALL=C sort)
  for command in $commands; do
    page=$scratch/man/dynaflow-$command.1
    check "the_page_of_${command}_has_its_summary" grep -qE "^dynaflow\\\\-$command \\\\- [a-z]" "$page"
    check "the_page_of_${command}_has_its_example" grep -q '^Example:\|\.SS "Example:"' "$page"
  done
  check the_page_of_all_has_the_common_options grep -qF 'blas\-kernel=NAME' "$scratch/man/dynaflow.1"
  if command -v man >/dev/null && man -l "$scratch/man/dynaflow.1" >"$scratch/shown" 2>&1 && [ -s "$scratch/shown" ]; then
    check no_page_has_a_warning bash -c "for page in '$scratch'/man/*.1; do man --warnings -l \"\$page\" 2>&1 >/dev/null | grep . && exit 1; done; true"
  fi
else
  skip manual_pages_are_written 'help2man is not installed'
fi
finish
