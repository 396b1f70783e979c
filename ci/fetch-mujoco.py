"""Extracts the headers, the library, its plugins and the licences of a pinned MuJoCo wheel (MUJOCO_VERSION, by default 3.17.0) into a folder.

usage: fetch-mujoco.py DESTINATION

pip downloads the official wheel as a plain archive (nothing is installed and none of its code runs). The shared
libraries inside are checked by sha256, because they, not the wheel, determine the numbers. The plugins go where
MuJoCo's release archives have them, into bin/mujoco_plugin.
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
# version -> plugin libraries and their sha256
PLUGINS = {
    "3.17.0": {
        "libactuator.so": "5c0f0fcd0443a1927444230a495c51c8dac05226e331431ea88151f105e561cb",
        "libelasticity.so": "0c02155f9159a6f0082ee98695e489cef2d9657f9ba8edb1e1a343e69b2af3cc",
        "libsdf_plugin.so": "aefae00d4024da61d063287a4985d7ef09de68895c7cbaa756c9b03a3d90efc8",
        "libsensor.so": "b072a7945e0ac5b1471d115dc1ba2073f68749b423bea60d9f3c199c60d219d7",
    },
    "4.0.1": {
        "libactuator.so": "9c4d32d746e9ff3a125cc20f32ed62caf4a7b862d259beee283857c9bcc4fffb",
        "libsdf_plugin.so": "937b63811ba245dafde573e0cc7841be8580f115b0d8f18cfef77cc43c554ec0",
        "libsensor.so": "ee1e756886aeaaf35ca29d2da667440003128a2a7817ca1b89098d9c1ad6db5c",
    },
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


def read_checked(wheel, name, expected):
    content = wheel.read(name)
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        sys.exit(f"fetch-mujoco: {name} has sha256 {found}, expected {expected}")
    return content


def write_library(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".part", "wb") as out:
        out.write(content)
    os.chmod(path + ".part", 0o755)
    os.replace(path + ".part", path)


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
            library = read_checked(wheel, f"mujoco/libmujoco.so.{VERSION}", expected)
            plugins = {name: read_checked(wheel, f"mujoco/plugin/{name}", sha256)
                       for name, sha256 in PLUGINS[VERSION].items()}
            os.makedirs(os.path.join(destination, "include", "mujoco"), exist_ok=True)
            for entry in wheel.namelist():
                if entry.startswith("mujoco/include/mujoco/") and entry.endswith(".h"):
                    path = os.path.join(destination, "include", "mujoco", os.path.basename(entry))
                elif ".dist-info/licenses/" in entry and not entry.endswith("/"):
                    path = os.path.join(destination, os.path.basename(entry))
                else:
                    continue
                with open(path, "wb") as out:
                    out.write(wheel.read(entry))
    for name, content in plugins.items():
        write_library(os.path.join(destination, "bin", "mujoco_plugin", name), content)
    path = os.path.join(destination, "lib", f"libmujoco.so.{VERSION}")
    write_library(path, library)
    link = os.path.join(destination, "lib", "libmujoco.so")
    if os.path.lexists(link):
        os.remove(link)
    os.symlink(os.path.basename(path), link)


if __name__ == "__main__":
    main()
