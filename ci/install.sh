#!/usr/bin/env bash
# Installs a staged tree, and removes what was installed. Called by `make install` and `make uninstall`.
#   ci/install.sh install TREE DESTINATION
#   ci/install.sh uninstall DESTINATION
#
# DESTINATION/share/dynaflow/installed.txt lists what install made, relative to DESTINATION: "f PATH" per file or link,
# "d PATH" per folder that did not exist before. uninstall removes these files, and these folders if they are empty;
# it never removes a file that is not listed. Exit code 1 if there is no such list, 2 for a usage error.
set -euo pipefail
list=share/dynaflow/installed.txt

# the paths of one kind (f or d) in the list of DESTINATION
listed() { if [ -e "$destination/$list" ]; then sed -n "s/^$1 //p" "$destination/$list"; fi; }

# make_folder PATH: makes a folder below DESTINATION and its parents, and notes those that it made
make_folder() {
  [ "$1" = . ] || [ -d "$destination/$1" ] && return 0
  make_folder "$(dirname "$1")"
  mkdir "$destination/$1"
  chmod 755 "$destination/$1"
  made+=("$1")
}

# remove_folders: removes the folders on standard input that are empty, the innermost first
remove_folders() {
  LC_ALL=C sort -r | while IFS= read -r folder; do
    rmdir "$destination/$folder" 2>/dev/null || true
  done
}

install_tree() {
  local tree=$1 file made=() old_files old_folders
  old_files=$(listed f)
  old_folders=$(listed d)
  mkdir -p "$destination"

  # files of an older version that this one does not have
  while IFS= read -r file; do
    [ -z "$file" ] || [ -e "$tree/$file" ] || [ -L "$tree/$file" ] || rm -f "$destination/$file"
  done <<<"$old_files"

  # copies replace files and links by a new file, so that a running program keeps its own
  while IFS= read -r file; do
    make_folder "$(dirname "$file")"
    cp -d --preserve=mode --remove-destination "$tree/$file" "$destination/$file"
  done < <(cd "$tree" && find . \( -type f -o -type l \) | sed 's|^\./||' | LC_ALL=C sort)

  # folders of an older version that are empty now, then the list; folders that an earlier install made stay in it
  remove_folders <<<"$old_folders"
  make_folder "$(dirname "$list")"
  {
    { printf '%s\n' "$old_folders" "${made[@]}"; } | LC_ALL=C sort -u | while IFS= read -r file; do
      [ -z "$file" ] || [ ! -d "$destination/$file" ] || echo "d $file"
    done
    { cd "$tree" && find . \( -type f -o -type l \); } | sed 's|^\./|f |' | LC_ALL=C sort
    echo "f $list"
  } >"$destination/$list.new"
  mv "$destination/$list.new" "$destination/$list"
}

uninstall_tree() {
  local files folders file kept
  [ -e "$destination/$list" ] || { echo "uninstall: nothing to remove: there is no $destination/$list" >&2; exit 1; }
  files=$(listed f)
  folders=$(listed d)
  while IFS= read -r file; do rm -f "$destination/$file"; done <<<"$files"
  remove_folders <<<"$folders"

  # what users and programs put beside the installed files
  kept=$(for file in lib/dynaflow include/dynaflow share/dynaflow share/doc/dynaflow; do
    if [ -d "$destination/$file" ]; then find "$destination/$file" ! -type d -o -type d -empty; fi
  done | LC_ALL=C sort)
  [ -z "$kept" ] || printf 'uninstall: kept, not made by install:\n%s\n' "$kept"
}

case "${1:-} $#" in
  'install 3') destination=${3%/} && install_tree "$2" ;;
  'uninstall 2') destination=${2%/} && uninstall_tree ;;
  *) sed -n '2,4p' "$0" >&2; exit 2 ;;
esac
