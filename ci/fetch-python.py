"""Downloads numpy and MuJoCo's Python package into a folder, for the tests that compute everything again without code of
this project (tests/independent). Does nothing if they are there.

usage: fetch-python.py DESTINATION

pip downloads the official wheels for the Python that runs this; nothing is installed outside the folder.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

PACKAGES = ["mujoco==3.17.0", "numpy==2.2.6"]
LEFT_OUT = ("mujoco/testdata/", "mujoco/experimental/", "mujoco/include/", "mujoco/_render_filament")  # a third of the size


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    destination = sys.argv[1]
    made_of = " ".join(["python%d.%d" % sys.version_info[:2]] + PACKAGES)
    stamp = os.path.join(destination, "packages.txt")
    if os.path.exists(stamp) and open(stamp).read() == made_of:
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", folder]
        if subprocess.run(command + PACKAGES).returncode != 0:
            sys.exit("fetch-python: pip could not download " + " and ".join(PACKAGES))
        shutil.rmtree(destination, ignore_errors=True)
        for wheel in os.listdir(folder):
            with zipfile.ZipFile(os.path.join(folder, wheel)) as archive:
                archive.extractall(destination, [n for n in archive.namelist() if not n.startswith(LEFT_OUT)])
    with open(stamp, "w") as out:
        out.write(made_of)


if __name__ == "__main__":
    main()
