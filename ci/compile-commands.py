"""Writes compile_commands.json, which clang-tidy, cppcheck and editors read, from what `make --dry-run V=1` prints.

usage: make -nB V=1 ... | compile-commands.py FILE
"""
import json
import os
import shlex
import sys


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    entries = []
    for line in sys.stdin.read().replace("\\\n", " ").splitlines():
        if " -c " not in line:
            continue
        words = shlex.split(line)
        source = words[words.index("-c") + 1]
        if source.endswith(".c"):
            entries.append({"directory": os.getcwd(), "file": source, "arguments": words})
    if not entries:
        sys.exit("compile-commands: no compiler call in the input")
    with open(sys.argv[1], "w") as out:
        json.dump(entries, out, indent=1)


if __name__ == "__main__":
    main()
