#!/usr/bin/env bash
# Installs a staged tree, and removes what was installed. Called by `make install` and `make uninstall`.
#   ci/install.sh install TREE DESTINATION
#   ci/install.sh uninstall DESTINATION
#
# DESTINATION/share/dynaflow/installed.txt lists what install makes, relative to DESTINATION: "f SHA256 PATH" per file or
# link, "d PATH" per folder that did not exist before. It is written before the first file, so that uninstall also
# removes what an installation that failed has made. uninstall removes the listed files that have a listed sum, and the
# listed folders that are empty; it keeps and names changed files, and never removes a file that is not listed.
#
# install refuses, before it writes anything, paths that hold a folder or a file that is not listed;
# DYNAFLOW_OVERWRITE=1 replaces such files. Before it replaces a file that is not the installed one, it copies it to
# PATH.orig (or PATH.orig.1, ...).
# Exit codes: 1 if something could not be installed or removed, or if there is no list; 2 for a usage error.
set -euo pipefail
list=share/dynaflow/installed.txt
part=share/dynaflow/installed.part # the file that is being copied

fail() { printf '%s: %s\n' "$action" "$*" >&2; exit 1; }
there() { [ -e "$destination/$1" ] || [ -L "$destination/$1" ]; }

# the sum of a file or, for a link, of its target's name
sum() {
  local digest
  if [ -L "$1" ]; then digest=$(readlink "$1" | sed 's/^/link to /' | sha256sum); else digest=$(sha256sum <"$1"); fi
  echo "${digest%% *}"
}

# read_list: the sums (separated by spaces) of each listed file in `sums`, the listed folders in `folders`
declare -A sums=() new=()
folders=()
read_list() {
  local line path digest n=0 file='^f ([0-9a-f]{64}) (.+)$' folder='^d (.+)$' outside='^/|(^|/)\.{0,2}(/|$)|[[:cntrl:]]'
  [ -e "$destination/$list" ] || return 0
  while IFS= read -r line || [ -n "$line" ]; do
    n=$((n + 1))
    path='' digest=''
    if [[ $line =~ $file ]]; then
      digest=${BASH_REMATCH[1]} path=${BASH_REMATCH[2]}
    elif [[ $line =~ $folder ]]; then
      path=${BASH_REMATCH[1]}
    fi
    if [ -z "$path" ] || [[ $path =~ $outside ]]; then
      fail "$destination/$list:$n: expected 'f SHA256 PATH' or 'd PATH' with a path below $destination, not" \
        "$(printf %q "$line"); nothing was changed: correct the line or delete it"
    fi
    if [ -n "$digest" ]; then
      sums[$path]+=" $digest"
    else
      folders+=("$path")
    fi
  done <"$destination/$list"
}

# write_list: writes the list of `sums` and `folders`
write_list() {
  local path digest
  {
    for path in "${folders[@]}"; do echo "d $path"; done | LC_ALL=C sort -u
    for path in "${!sums[@]}"; do
      for digest in ${sums[$path]}; do echo "f $digest $path"; done
    done | LC_ALL=C sort -u -k 3
  } >"$destination/$list.new" && mv "$destination/$list.new" "$destination/$list" && return 0
  rm -f "$destination/$list.new"
  return 1
}

# installed PATH: whether a file is as it was installed
installed() { [[ " ${sums[$1]:-} " == *" $(sum "$destination/$1") "* ]]; }

make_folder() { [ -d "$destination/$1" ] || { mkdir "$destination/$1" && chmod 755 "$destination/$1"; }; }

# remove_folders: removes the listed folders that are empty, the innermost first
remove_folders() {
  local folder
  printf '%s\n' "${folders[@]}" | LC_ALL=C sort -r | while IFS= read -r folder; do
    [ -n "$folder" ] || continue
    rmdir "$destination/$folder" 2>/dev/null || true
  done
}

# check_destination: refuses what install must not replace
check_destination() {
  local path folder refused=() others=()
  while IFS= read -r folder; do
    if there "$folder" && [ ! -d "$destination/$folder" ]; then refused+=("$destination/$folder: not a folder"); fi
  done < <(cd "$tree" && find . -mindepth 1 -type d | sed 's|^\./||' | LC_ALL=C sort)
  for path in "${!new[@]}" "$list" "$list.new" "$part"; do
    if [ -d "$destination/$path" ]; then
      refused+=("$destination/$path: a folder, where a file is to be installed")
    elif there "$path" && [ -n "${new[$path]:-}" ] && [ -z "${sums[$path]:-}" ]; then
      others+=("$destination/$path")
    fi
  done
  if [ ${#refused[@]} -gt 0 ]; then
    printf '%s\n' "${refused[@]}" | LC_ALL=C sort >&2
    fail "nothing was installed: move or remove the entries above"
  fi
  if [ ${#others[@]} -gt 0 ] && [ "${DYNAFLOW_OVERWRITE:-}" != 1 ]; then
    printf '%s\n' "${others[@]}" | LC_ALL=C sort >&2
    fail "nothing was installed: install did not make the files above; move or remove them, or set" \
      "DYNAFLOW_OVERWRITE=1 to replace them and keep copies (.orig)"
  fi
}

# keep_copy PATH: copies a file that is not as it was installed
keep_copy() {
  local copy=$1.orig i=0
  while there "$copy"; do i=$((i + 1)) copy=$1.orig.$i; done
  cp -d --preserve=mode,timestamps "$destination/$1" "$destination/$copy" || { rm -f "$destination/$copy"; return 1; }
  echo "install: $destination/$1 was changed or not made by install: its content is now in $destination/$copy"
}

# copies replace files and links by a new file, so that a running program keeps its own
install_file() {
  local path=$1
  if there "$path" && ! installed "$path"; then keep_copy "$path" || return 1; fi
  cp -d --preserve=mode "$tree/$path" "$destination/$part" && mv -fT "$destination/$part" "$destination/$path"
}

install_tree() {
  local path folder digest made=() had
  while IFS= read -r path; do new[$path]=$(sum "$tree/$path"); done \
    < <(cd "$tree" && find . \( -type f -o -type l \) | sed 's|^\./||')
  read_list
  check_destination

  # the list of what will be made and of what an earlier installation made, before the first file
  had=("${folders[@]}")
  while IFS= read -r folder; do
    [ -d "$destination/$folder" ] || made+=("$folder")
  done < <(cd "$tree" && find . -mindepth 1 -type d | sed 's|^\./||' | LC_ALL=C sort)
  folders=("${had[@]}" "${made[@]}")
  for path in "${!new[@]}"; do sums[$path]+=" ${new[$path]}"; done
  mkdir -p "$destination"
  if ! { make_folder share && make_folder share/dynaflow && write_list; }; then
    for folder in share/dynaflow share; do
      [[ " ${made[*]} " != *" $folder "* ]] || rmdir --ignore-fail-on-non-empty "$destination/$folder" || true
    done
    fail "nothing was installed: the list $destination/$list cannot be written"
  fi

  for folder in "${made[@]}"; do
    make_folder "$folder" || fail "stopped at $destination/$folder; uninstall removes what was made"
  done
  while IFS= read -r path; do
    install_file "$path" ||
      { rm -f "$destination/$part"; fail "stopped at $destination/$path; uninstall removes what was made"; }
  done < <(printf '%s\n' "${!new[@]}" | LC_ALL=C sort)

  # files of an older version that this one does not have
  for path in "${!sums[@]}"; do
    [ -z "${new[$path]:-}" ] || { sums[$path]=${new[$path]}; continue; }
    if there "$path"; then
      if [ ! -d "$destination/$path" ] && installed "$path"; then
        rm -f "$destination/$path"
      else
        echo "install: kept $destination/$path, which this version does not have, because it was changed"
      fi
    fi
    unset "sums[$path]"
  done

  # folders that are empty now, then the list of this version; folders that an earlier install made stay in it
  remove_folders
  had=("${folders[@]}")
  folders=()
  for folder in "${had[@]}"; do [ ! -d "$destination/$folder" ] || folders+=("$folder"); done
  write_list || fail "the list $destination/$list cannot be written; uninstall works with the one of before"
}

uninstall_tree() {
  local path folder kept=() stuck=() users
  [ -e "$destination/$list" ] || fail "nothing to remove: there is no $destination/$list"
  read_list
  rm -f "$destination/$part" "$destination/$list.new"
  for path in "${!sums[@]}"; do
    if ! there "$path"; then
      unset "sums[$path]"
    elif [ -d "$destination/$path" ] && [ ! -L "$destination/$path" ]; then
      stuck+=("$destination/$path: a folder, where install made a file")
    elif ! installed "$path"; then
      kept+=("$destination/$path")
      unset "sums[$path]"
    elif rm -f "$destination/$path"; then
      unset "sums[$path]"
    else
      stuck+=("$destination/$path")
    fi
  done
  # entries that cannot be removed stay in the list
  if [ ${#stuck[@]} -gt 0 ]; then write_list; else rm -f "$destination/$list"; fi
  remove_folders

  # what users and programs put beside the installed files
  [ ${#kept[@]} -eq 0 ] || { echo 'uninstall: kept, changed after install:'; printf '%s\n' "${kept[@]}" | LC_ALL=C sort; }
  users=$(for folder in lib/dynaflow include/dynaflow share/dynaflow share/doc/dynaflow; do
    if [ -d "$destination/$folder" ]; then find "$destination/$folder" ! -type d -o -type d -empty; fi
  done | grep -vxF -f <(printf '%s\n' "${kept[@]}" "$destination/$list" | sed '/^$/d') | LC_ALL=C sort || true)
  [ -z "$users" ] || printf 'uninstall: kept, not made by install:\n%s\n' "$users"
  if [ ${#stuck[@]} -gt 0 ]; then
    printf '%s\n' "${stuck[@]}" | LC_ALL=C sort >&2
    fail "the entries above could not be removed; remove them, then run uninstall again"
  fi
}

action=${1:-}
case "$action $#" in
  'install 3') tree=$2 destination=${3%/} && install_tree ;;
  'uninstall 2') destination=${2%/} && uninstall_tree ;;
  *) sed -n '2,4p' "$0" >&2; exit 2 ;;
esac
