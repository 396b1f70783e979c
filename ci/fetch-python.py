"""Downloads Python packages into a folder, for tests. Does nothing if they are there.

usage: fetch-python.py DESTINATION [PACKAGES]

PACKAGES is a file of pip requirements with hashes; by default python-packages.txt beside this file, numpy, h5py and MuJoCo for
the tests that compute everything again without code of this project (tests/independent). pip downloads the official
wheels for the Python that runs this and checks their SHA-256; nothing is installed outside the folder.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

PACKAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "python-packages.txt")
LEFT_OUT = ("mujoco/testdata/", "mujoco/experimental/", "mujoco/include/", "mujoco/_render_filament")  # a third of the size


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    destination = sys.argv[1]
    packages = sys.argv[2] if len(sys.argv) == 3 else PACKAGES
    made_of = "python%d.%d\n" % sys.version_info[:2] + open(packages).read()
    stamp = os.path.join(destination, "packages.txt")
    if os.path.exists(stamp) and open(stamp).read() == made_of:
        return
    with tempfile.TemporaryDirectory() as folder:
        # one retry: without a network, each test run tries again
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--retries", "1",
                   "--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement", packages, "--dest", folder]
        if subprocess.run(command).returncode != 0:
            sys.exit("fetch-python: pip could not download the packages of " + packages)
        shutil.rmtree(destination, ignore_errors=True)
        for wheel in os.listdir(folder):
            with zipfile.ZipFile(os.path.join(folder, wheel)) as archive:
                archive.extractall(destination, [n for n in archive.namelist() if not n.startswith(LEFT_OUT)])
    with open(stamp, "w") as out:
        out.write(made_of)


if __name__ == "__main__":
    main()
