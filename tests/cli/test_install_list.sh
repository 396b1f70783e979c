#!/usr/bin/env bash
# ci/install.sh with a small tree: what it refuses, what it keeps, and what it undoes after it failed.
. tests/cli/check.sh

tree=$scratch/tree
mkdir -p "$tree/bin" "$tree/lib" "$tree/share/dynaflow/tasks/hopper"
echo program >"$tree/bin/dynaflow"
head -c 300000 /dev/zero >"$tree/lib/libdynaflow.so.0"
ln -s libdynaflow.so.0 "$tree/lib/libdynaflow.so"
echo 'task: {}' >"$tree/share/dynaflow/tasks/hopper/task.yaml"
task=share/dynaflow/tasks/hopper/task.yaml
list=share/dynaflow/installed.txt

# fresh: an empty destination in $to
n=0
fresh() { n=$((n + 1)) to=$scratch/to$n && mkdir "$to"; }
# script CODE ACTION...: the exit code of the script; leaves its output in $scratch/out and $scratch/err
script() {
  local wanted=$1 got=0
  shift
  ci/install.sh "$@" >"$scratch/out" 2>"$scratch/err" || got=$?
  [ "$got" -eq "$wanted" ] || { echo "exit code $got, not $wanted"; cat "$scratch/out" "$scratch/err"; return 1; }
}
install_() { script "$1" install "$tree" "$to"; }
uninstall_() { script "$1" uninstall "$to"; }
says() { grep -qF -- "$2" "$scratch/$1" || { cat "$scratch/$1"; false; }; }
entries() { (cd "$to" && find . -mindepth 1 | LC_ALL=C sort); }
holds() { [ "$(entries)" = "$(printf '%s\n' "$@")" ] || { entries; false; }; }

# ---- an installation that fails ----
fresh
fails_on_a_full_disk() { (trap '' XFSZ && ulimit -f 100 && install_ 1); }
check a_full_disk_stops_install fails_on_a_full_disk
check the_error_names_the_file says err "stopped at $to/lib/libdynaflow.so.0; uninstall removes what was made"
check it_made_files [ -e "$to/bin/dynaflow" ]
check it_left_no_part [ ! -e "$to/share/dynaflow/installed.part" ]
check uninstall_after_a_failed_install uninstall_ 0
check removes_all_of_it holds
fails_on_a_full_disk
check install_after_a_failed_install install_ 0
check so_does_uninstall_then uninstall_ 0
check remove_the_folders_of_the_failed_one holds
chmod 755 "$to"
no_list() { (trap '' XFSZ && ulimit -f 0 && install_ 1); }
check without_a_list_nothing_is_installed no_list
check and_no_folder_is_left holds

# ---- folders and files of others ----
fresh
mkdir -p "$to/bin/dynaflow"
check a_folder_at_the_path_of_a_file_is_refused install_ 1
check the_folder_is_named says err "$to/bin/dynaflow: a folder, where a file is to be installed"
check nothing_was_written holds ./bin ./bin/dynaflow
rmdir "$to/bin/dynaflow"
mkdir "$to/other" && ln -s ../other "$to/bin/dynaflow"
check a_link_to_a_folder_is_refused install_ 1
check nothing_was_written_beside_the_link holds ./bin ./bin/dynaflow ./other
fresh
echo file >"$to/share"
check a_file_at_the_path_of_a_folder_is_refused install_ 1
check that_file_is_named says err "$to/share: not a folder"
fresh
mkdir "$to/bin" && echo theirs >"$to/bin/dynaflow"
check a_file_of_others_is_refused install_ 1
check it_is_named says err "$to/bin/dynaflow"
check with_the_way_out says err DYNAFLOW_OVERWRITE=1
check nothing_was_written_beside_it holds ./bin ./bin/dynaflow
check it_is_replaced_on_request env DYNAFLOW_OVERWRITE=1 ci/install.sh install "$tree" "$to"
check with_a_copy grep -qx theirs "$to/bin/dynaflow.orig"
check the_copy_is_not_uninstalled uninstall_ 0
check only_the_copy_stays holds ./bin ./bin/dynaflow.orig

# ---- uninstall continues past what it cannot remove ----
fresh
install_ 0
rm "$to/bin/dynaflow" && mkdir "$to/bin/dynaflow"
check an_entry_that_cannot_be_removed_is_an_error uninstall_ 1
check the_entry_is_named says err "$to/bin/dynaflow: a folder, where install made a file"
check all_others_are_removed holds ./bin ./bin/dynaflow ./share ./share/dynaflow "./$list"
rmdir "$to/bin/dynaflow"
check uninstall_can_be_repeated uninstall_ 0
check and_removes_the_rest holds

# ---- files that users changed ----
fresh
install_ 0
echo mine >"$to/$task"
check install_over_a_changed_file install_ 0
check names_the_copy says out "$to/$task was changed or not made by install: its content is now in $to/$task.orig"
check the_copy_is_the_users_file grep -qx mine "$to/$task.orig"
check the_file_is_the_installed_one cmp "$tree/$task" "$to/$task"
echo mine again >"$to/$task"
install_ 0
check a_second_copy_replaces_no_first_one grep -qx mine "$to/$task.orig"
check but_has_a_name_of_its_own grep -qx 'mine again' "$to/$task.orig.1"
install_ 0
check an_unchanged_file_gets_no_copy [ ! -e "$to/$task.orig.2" ]
rm "$to/$task".orig*
echo mine >"$to/$task"
check uninstall_beside_a_changed_file uninstall_ 0
check keeps_it grep -qx mine "$to/$task"
check names_it says out "$to/$task"
check says_that_it_was_changed says out 'kept, changed after install:'
check removes_the_others holds ./share ./share/dynaflow ./share/dynaflow/tasks ./share/dynaflow/tasks/hopper "./$task"

# ---- a list that names what lies elsewhere ----
fresh
install_ 0
cp "$to/$list" "$scratch/list"
entries >"$scratch/before"
echo outside >"$scratch/outside"
hash=$(sha256sum "$scratch/outside" | cut -c -64)
line=$(($(wc -l <"$scratch/list") + 1))
refuses_line() {
  { cat "$scratch/list" && printf '%b' "$1"; } >"$to/$list"
  uninstall_ 1 && says err "$to/$list:$line: expected" && entries | diff "$scratch/before" - &&
    install_ 1 && says err "$to/$list:$line: expected" && entries | diff "$scratch/before" - && [ -e "$scratch/outside" ]
}
check dots_in_the_list_are_refused refuses_line "f $hash ../outside\n"
check dots_inside_a_path_are_refused refuses_line "f $hash lib/../../outside\n"
check absolute_paths_are_refused refuses_line "f $hash $scratch/outside\n"
check absolute_folders_are_refused refuses_line "d $scratch\n"
check carriage_returns_are_refused refuses_line "f $hash bin/other\r\n"
check a_file_without_a_sum_is_refused refuses_line "f bin/other\n"
check a_last_line_without_an_end_is_read refuses_line "d .."
finish
