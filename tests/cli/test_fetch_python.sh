#!/usr/bin/env bash
# The packages of the independent tests are accepted by their SHA-256 alone. No network is used.
. tests/cli/check.sh

if ! python3 -m pip --version >/dev/null 2>&1; then
  skip packages_are_checked 'python3 has no pip'
  finish
  exit
fi
mkdir "$scratch/ci" "$scratch/wheels"
cp ci/fetch-python.py "$scratch/ci"
python3 - "$scratch/wheels" <<'PY'
import sys, zipfile
for name, version in ('h5py', '3.14.0'), ('mujoco', '3.17.0'), ('numpy', '2.2.6'):
    with zipfile.ZipFile('%s/%s-%s-py3-none-any.whl' % (sys.argv[1], name, version), 'w') as z:
        info = '%s-%s.dist-info/' % (name, version)
        z.writestr(name + '/__init__.py', '')
        z.writestr(info + 'METADATA', 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' % (name, version))
        z.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
        z.writestr(info + 'RECORD', '')
PY
fetch() { PIP_NO_INDEX=1 PIP_FIND_LINKS=$scratch/wheels PIP_CONFIG_FILE=/dev/null python3 "$scratch/ci/fetch-python.py" "$scratch/out" >"$scratch/log" 2>&1; }
cp ci/python-packages.txt "$scratch/ci"
refused() { ! fetch && grep -q 'DO NOT MATCH THE HASHES' "$scratch/log" && [ ! -e "$scratch/out" ] || { cat "$scratch/log"; false; }; }
check wheels_with_other_hashes_are_refused refused
for name in h5py-3.14.0 mujoco-3.17.0 numpy-2.2.6; do
  echo "${name/-/==} --hash=sha256:$(sha256sum "$scratch/wheels/$name"-*.whl | cut -d' ' -f1)"
done >"$scratch/ci/python-packages.txt"
accepted() { fetch && [ -e "$scratch/out/numpy/__init__.py" ] && [ -e "$scratch/out/mujoco/__init__.py" ] || { cat "$scratch/log"; false; }; }
check wheels_with_these_hashes_are_unpacked accepted
finish
