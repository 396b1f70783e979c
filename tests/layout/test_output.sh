#!/usr/bin/env bash
# Strings of others reach terminals and programs by one way: bench/base/terminal.h prints, and no shell is started.
set -u
cd "$(dirname "$0")/../.."
. tests/cli/check.sh

# calls FOLDER PATTERN EXCEPT: lines of its sources with a call by that name, in other files than those of EXCEPT
calls() { grep -rnE "(^|[^a-z_0-9])($2)\(" "$1" --include='*.c' --include='*.h' | grep -vE "^[^:]*($3):"; }
nothing() { local found; found=$(calls "$@") && { echo "$found"; return 1; }; return 0; }

# main.c prints the help, progress.c the line that it redraws, text.c and list.c that there is no memory, streams.c that
# standard output failed
prints='printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|putc|fputc|fwrite|json_dumpf|dprintf|perror'
check only_terminal_prints nothing bench "$prints" 'base/(terminal|progress|text|list|streams)\.c|bench/main\.c'
check baselines_print_nothing nothing baselines "$prints" none
check the_library_prints_nothing nothing lib 'printf|fprintf|puts|perror|dprintf' 'core/assert\.c'
# doctor asks for gnuplot's version with a constant, main() starts its own program again with another environment, and
# render and show start dynaflow-render
starts='system|popen|wordexp|execl|execle|execv'
check no_shell_is_started nothing bench "$starts" 'commands/(cmd_doctor|renderer)\.c|main\.c'
check render_starts_the_renderer_only bash -c "[ \$(grep -cE '($starts)\(' bench/commands/renderer.c) = 1 ] && grep -q 'df_path_join(folder, \"dynaflow-render\")' bench/commands/renderer.c"
check main_starts_itself_only bash -c "[ \$(grep -cE '(system|popen|wordexp|exec[a-z]*)\(' bench/main.c) = 1 ] && grep -qF 'execv(\"/proc/self/exe\", argv);' bench/main.c"
check doctor_starts_a_constant bash -c "[ \$(grep -c 'popen(' bench/commands/cmd_doctor.c) = 1 ] && grep -q 'popen(\"[^\"%]*\", \"r\")' bench/commands/cmd_doctor.c"
check the_library_starts_no_program nothing lib 'system|popen|wordexp|execlp|execvp|execl|execv|posix_spawnp?' none
# a child process of the library itself reads HDF5 files
check only_apart_forks nothing lib 'v?fork' 'io/apart\.c'

# the checks notice
mkdir "$scratch/bench"
printf 'void f(const char* s) { printf("%%s", s); }\nvoid g(const char* s) { system(s); }\n' >"$scratch/bench/x.c"
notices() { ! nothing "$scratch/bench" "$1" none; }
check a_print_is_noticed notices "$prints"
check a_shell_is_noticed notices 'system|popen'
printf 'void f(char* s) { snprintf(s, 1, ""); }\n' >"$scratch/bench/x.c"
check what_prints_into_memory_is_no_print nothing "$scratch/bench" "$prints" none
finish
