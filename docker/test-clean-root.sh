#!/usr/bin/env bash
# Runs the steps of docker/Dockerfile in a clean Debian root instead of a container, then checks what they built.
#   docker/test-clean-root.sh FOLDER      needs root, debootstrap and the network; takes some minutes and 2 GiB
# FOLDER must not exist; it stays, with the log in FOLDER.log: remove it with `rm -rf --one-file-system FOLDER`. A clone
# of the last commit is copied, not the working tree. MIRROR names another Debian mirror, CA a file with the certificates
# that the network needs, e.g. of a proxy, from which pip then downloads. DEMO=1 also runs the image's command, which takes
# about 8 minutes of CPU time more.
# Exit code 0 if every step succeeded, 1 if one failed, 2 if it cannot be run here.
set -eu
self=$(realpath "$0")
[ -n "${1:-}" ] && [ $# -eq 1 ] || { sed -n '2,4p' "$self" >&2; exit 2; }
root=$(realpath -m "$1")
log=$root.log
cd "$(dirname "$self")/.."
refuse() { echo "test-clean-root: $1" >&2; exit 2; }
[ ! -e "$root" ] || refuse "$root exists; name a folder that does not"
[ "$(id -u)" = 0 ] || refuse "chroot needs root"
command -v debootstrap >/dev/null || refuse "debootstrap is missing: apt-get install debootstrap"

# the image's release: debian:12.9-slim is bookworm
grep -q '^FROM debian:12' docker/Dockerfile || refuse "docker/Dockerfile is not made from debian:12; adapt this script"
: >"$log"
mounted=
trap '[ -z "$mounted" ] || umount "$root/proc"' EXIT
# step NAME COMMAND...: prints its seconds, or the end of the log
step() {
  local name=$1 begin=$SECONDS
  shift
  if "$@" >>"$log" 2>&1 </dev/null; then
    echo "ok $name, $((SECONDS - begin)) s"
  else
    echo "not ok $name, $((SECONDS - begin)) s; the end of $log:"
    tail -30 "$log"
    exit 1
  fi
}
workdir=/
inside() { chroot "$root" /usr/bin/env -i PATH="$PATH" HOME=/root \
  ${CA:+PIP_CERT=/etc/ssl/extra-ca.crt} sh -ec "cd '$workdir'; $1"; }
copy() { git clone -q --no-hardlinks . "$root$workdir"; }

step "a Debian root by debootstrap" debootstrap --variant=minbase bookworm "$root" "${MIRROR:-http://deb.debian.org/debian}"
mount -t proc proc "$root/proc" && mounted=yes
cp /etc/resolv.conf "$root/etc/resolv.conf"
if [ -n "${CA:-}" ]; then mkdir -p "$root/etc/ssl" && cp "$CA" "$root/etc/ssl/extra-ca.crt"; fi
while read -r word rest; do
  case $word in
    '' | '#'* | FROM) ;;
    WORKDIR) workdir=$rest; mkdir -p "$root$rest" ;;
    COPY) [ "$rest" = '. .' ] || refuse "docker/Dockerfile: COPY $rest: this script knows COPY . . only"
          step "COPY $rest" copy ;;
    RUN) step "RUN $rest" inside "$rest" ;;
    CMD) command=$(sed 's/[][",]/ /g' <<<"$rest") ;;
    *) refuse "docker/Dockerfile: this script does not know '$word'" ;;
  esac
done <docker/Dockerfile

step "the program starts" inside 'build/dynaflow --version && build/dynaflow list'
step "doctor names what is missing" inside 'code=0; build/dynaflow doctor --tasks tasks || code=$?; [ $code -eq 3 ]'
step "a short run, its record and its limits" inside 'build/dynaflow run go1_gaits --profile smoke \
  --method random_action,replay_demo --set eval.chains=4 --set data.episodes=20 --quiet --out /tmp/run &&
  build/dynaflow verify /tmp/run'
step "make install, from another folder" inside 'make install && cd / && dynaflow list tasks | grep -q go1_gaits'
if [ "${DEMO:-}" = 1 ]; then step "CMD$command" inside "$command"; fi
echo "every step succeeded"
