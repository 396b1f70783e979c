#!/usr/bin/env python3
"""named_files.py ROOT: prints the source files that comments below ROOT name and that do not exist.

Read are the comments of C sources, scripts, make and YAML files, and the docstrings of Python. A name with a folder is a
path below ROOT, lib/, lib/include/, lib/include/dynaflow/, bench/, tests/, docs/ or the folder of the file that names it; a
name without one is that of any file. Exits with 1 if one does not exist, 2 if no name was found."""
import os, re, sys

TREES = ["lib", "bench", "baselines", "tests", "tasks", "docs", "ci", "docker"]
BELOW = ["", "lib/", "lib/include/", "lib/include/dynaflow/", "bench/", "tests/", "docs/"]
# of the release of MuJoCo
OTHERS = "include/mujoco/"
NAME = re.compile(r"(?<![\w/.$*<>{-])[A-Za-z0-9_][\w/.-]*\.(?:c|h|sh|py|mk)\b(?![\w/*-])")


def comments(path, text):
    """Where each comment begins in the text, and the comment."""
    if path.endswith((".c", ".h")):
        patterns = [r'"(?:\\.|[^"\\\n])*"|(//[^\n]*|/\*.*?\*/)']
    elif path.endswith(".py"):
        patterns = [r'(""".*?""")', r"((?:^|(?<=\s))#[^\n]*)"]
    else:
        patterns = [r"((?:^|(?<=\s))#[^\n]*)"]
    for pattern in patterns:
        for m in re.finditer(pattern, text, re.S | re.M):
            if m.group(1):
                yield m.start(1), m.group(1)


def main(root):
    os.chdir(root)
    paths = ["Makefile"] if os.path.exists("Makefile") else []
    for tree in TREES:
        for folder, folders, files in os.walk(tree):
            if folder.startswith(("tests/fuzz/corpus", "tasks/")) and folder.endswith(("/corpus", "/data")):
                folders[:], files = [], []
            paths += [folder + "/" + name for name in sorted(files)]
    known = {os.path.basename(p) for p in paths}
    named, faults = 0, []
    for path in paths:
        if not re.search(r"\.(c|h|py|sh|yaml|yml|mk)$|(^|/)(Makefile|Dockerfile)$", path):
            continue
        with open(path, errors="replace") as file:
            text = file.read()
        for begin, comment in comments(path, text):
            for match in NAME.finditer(comment):
                named += 1
                name, number = match.group(), text.count("\n", 0, begin + match.start()) + 1
                if "/" in name:
                    places = BELOW + [os.path.dirname(path) + "/"]
                    exists = name.startswith(OTHERS) or any(os.path.exists(place + name) for place in places)
                else:
                    exists = name in known
                if not exists:
                    faults.append("%s:%d: no file %s" % (path, number, name))
    print("\n".join(faults) if faults else "%d names" % named)
    return 1 if faults else 0 if named else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
