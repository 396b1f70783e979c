"""Extracts the headers, the library and the licences of a pinned MuJoCo wheel (MUJOCO_VERSION, by default 3.17.0) into a folder.

usage: fetch-mujoco.py DESTINATION

pip downloads the official wheel as a plain archive (nothing is installed and none of its code runs). The shared
library inside is checked by sha256, because the library, not the wheel, determines the numbers.
"""
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile

# version -> (package that holds the headers, sha256 of libmujoco.so)
PINNED = {
    "3.17.0": ("mujoco", "23496b023ee80fb61ab71167e94bc649f9941710fde96b18bb8204fb332523ad"),
    "4.0.1": ("mujoco-core", "0863b0c75c57512842e23f5ff6fd2d5f08b6451f17988edaaf7530a3a6e7cad1"),
}
REFUSED = {"4.0.0": "its sparse Newton factorization is wrong, which 4.0.1 repaired"}
VERSION = os.environ.get("MUJOCO_VERSION", "3.17.0")


def download(package, folder):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
               "--python-version", "3.11", "--platform", "manylinux_2_28_x86_64",
               "--dest", folder, f"{package}=={VERSION}"]
    if subprocess.run(command).returncode != 0:
        sys.exit(f"fetch-mujoco: pip could not download {package}=={VERSION}; with a MuJoCo of your own, unpacked from "
                 "its release archive, set MUJOCO_DIR to the folder that holds include/ and lib/")
    wheels = [f for f in os.listdir(folder) if f.endswith(".whl")]
    if len(wheels) != 1:
        sys.exit(f"fetch-mujoco: expected one wheel of {package}=={VERSION}, found {wheels}")
    return os.path.join(folder, wheels[0])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if VERSION in REFUSED:
        sys.exit(f"fetch-mujoco: MuJoCo {VERSION} is refused: {REFUSED[VERSION]}; use {' or '.join(PINNED)}")
    if VERSION not in PINNED:
        sys.exit(f"fetch-mujoco: MuJoCo {VERSION} is not pinned here; known: {', '.join(PINNED)}")
    package, expected = PINNED[VERSION]
    destination = sys.argv[1]

    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(download(package, folder)) as wheel:
            name = f"mujoco/libmujoco.so.{VERSION}"
            library = wheel.read(name)
            found = hashlib.sha256(library).hexdigest()
            if found != expected:
                sys.exit(f"fetch-mujoco: {name} has sha256 {found}, expected {expected}")
            os.makedirs(os.path.join(destination, "include", "mujoco"), exist_ok=True)
            os.makedirs(os.path.join(destination, "lib"), exist_ok=True)
            for entry in wheel.namelist():
                if entry.startswith("mujoco/include/mujoco/") and entry.endswith(".h"):
                    path = os.path.join(destination, "include", "mujoco", os.path.basename(entry))
                elif ".dist-info/licenses/" in entry and not entry.endswith("/"):
                    path = os.path.join(destination, os.path.basename(entry))
                else:
                    continue
                with open(path, "wb") as out:
                    out.write(wheel.read(entry))
    path = os.path.join(destination, "lib", f"libmujoco.so.{VERSION}")
    with open(path + ".part", "wb") as out:
        out.write(library)
    os.chmod(path + ".part", 0o755)
    os.replace(path + ".part", path)
    link = os.path.join(destination, "lib", "libmujoco.so")
    if os.path.lexists(link):
        os.remove(link)
    os.symlink(os.path.basename(path), link)


if __name__ == "__main__":
    main()
