#!/usr/bin/env python3
"""Plants random slips in a source file and lists those that its tests do not notice.

    python3 tests/faults/slips.py SOURCE TEST... [--most N] [--seed S] [--limit SECONDS] [--tree FOLDER]
    python3 tests/faults/slips.py lib/sim/simulator/ground.c sim/simulator/test_ground metrics/test_falls

The list of planted faults (faults.txt) holds mistakes that somebody thought of; this finds lines of which no test
knows the result. A slip is one token of one line: a comparison or an operator exchanged, a number off by one, a
condition negated, a call left out. Each is planted in a copy of the last commit, the tests (below tests/, without .c)
are built and run in their order until one fails, and the line is put back. What survives is printed: write the
assertion that it lacks, and add the worst of them to faults.txt, unless no output can change.
Exit code 0: every slip was noticed; 1: some survived; 2: a test fails or does not build without a slip."""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

RULES = [(r" <= ", " < "), (r" >= ", " > "), (r" < ", " <= "), (r" > ", " >= "), (r" == ", " != "), (r" != ", " == "),
         (r" && ", " || "), (r" \|\| ", " && "), (r" \+ ", " - "), (r" - ", " + "), (r" \* ", " / "), (r" / ", " * "),
         (r" \+= ", " = "), (r" -= ", " += "), (r"\bfmin\(", "fmax("), (r"\bfmax\(", "fmin("), (r"\bfabs\(", "("),
         (r"\bsqrt\(", "("), (r"\b0\b(?!\.)", "1"), (r"\b1\b(?!\.)", "2"), (r"\b2\b(?!\.)", "3"), (r"\b0\.5\b", "1.0"),
         (r"\btrue\b", "false"), (r"\bfalse\b", "true"), (r"!(?=[a-z(])", ""), (r"\bcontinue;", ";"),
         (r"\bbreak;", ";")]
# lines whose slips leave memory or the end of the program to chance
LEFT_OUT = ("df_alloc", "df_free", "DF_E_NOMEM")


def code_lines(lines):
    """(number, line, the same with texts blanked) outside comments and directives"""
    comment = False
    for i, line in enumerate(lines):
        words = line.strip()
        comment = comment or words.startswith("/*")
        if comment or not words or words.startswith(("#", "//")):
            comment = comment and "*/" not in words
            continue
        code = re.sub(r'"(?:[^"\\]|\\.)*"', lambda m: "\0" * len(m.group(0)), line)
        code = re.sub(r"/\*.*?\*/", lambda m: "\0" * len(m.group(0)), code)
        if not any(word in code for word in LEFT_OUT) and not (code.startswith("static") and code.endswith("{")):
            yield i, line, code


def negated(line, code, start):
    """the line with the condition of the `if` at start negated; None: it does not end on this line"""
    depth = 0
    for j in range(start, len(code)):
        depth += (code[j] == "(") - (code[j] == ")")
        if code[j] == ")" and depth == 0:
            return line[:start] + "(!" + line[start : j + 1] + ")" + line[j + 1 :]
    return None


def slips_of(lines):
    found = []
    for i, line, code in code_lines(lines):
        for old, new in RULES:
            found += [(i, line[: m.start()] + new + line[m.end() :]) for m in re.finditer(old, code)]
        for m in re.finditer(r"\bif \(", code):
            changed = negated(line, code, m.end() - 1)
            found += [(i, changed)] if changed else []
        if re.fullmatch(r"\s+[a-z_]+\([^;]*\);", code):
            found.append((i, re.match(r"\s*", line).group(0) + ";"))
    return found


class Tests:
    def __init__(self, tree, names, limit):
        self.tree, self.names, self.limit = tree, names, str(limit)

    def build(self, name):
        target = "build/tests/" + name
        if name.endswith(".sh"):
            target = "build/dynaflow-render" if re.search(r"test_(render|window)\.sh$", name) else "build/dynaflow"
        # a slip may leave something unused, so warnings do not stop the compiler
        command = ["make", "-j2", "BUILD=build", "CFLAGS=-Wno-error", target]
        return subprocess.run(command, cwd=self.tree, capture_output=True).returncode == 0

    def passes(self, name):
        command = ["bash", "tests/" + name] if name.endswith(".sh") else ["build/tests/" + name]
        run = subprocess.run(["timeout", self.limit] + command, cwd=self.tree, env={**os.environ, "BUILD": "build"},
                             stdin=subprocess.DEVNULL, capture_output=True)
        return run.returncode == 0

    def judge(self):
        """caught, survived, or unbuilt"""
        for name in self.names:
            if not self.build(name):
                return "unbuilt"
            if not self.passes(name):
                return "caught"
        return "survived"


def copy_of_last_commit(root, folder):
    archive = subprocess.run(["git", "-C", root, "archive", "HEAD"], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    if os.path.exists(os.path.join(root, "third_party")):
        os.symlink(os.path.join(root, "third_party"), os.path.join(folder, "third_party"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source")
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--most", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=120)
    parser.add_argument("--tree", help="a copy to plant in, instead of one of the last commit")
    a = parser.parse_args()
    folder = a.tree or tempfile.mkdtemp()
    try:
        if not a.tree:
            copy_of_last_commit(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."), folder)
        sys.exit(sweep(a, folder))
    finally:
        if not a.tree:
            shutil.rmtree(folder)


def sweep(a, folder):
    path = os.path.join(folder, a.source)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    lines = text.split("\n")
    tests = Tests(folder, a.tests, a.limit)
    if tests.judge() != "survived":
        print("a test fails or does not build without a slip", file=sys.stderr)
        return 2
    slips = slips_of(lines)
    random.Random(a.seed).shuffle(slips)
    count = {"caught": 0, "survived": 0, "unbuilt": 0}
    for i, changed in slips[: a.most]:
        try:
            with open(path, "w", encoding="utf-8") as f:
                f.write("\n".join(lines[:i] + [changed] + lines[i + 1 :]))
            verdict = tests.judge()
        finally:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        count[verdict] += 1
        if verdict == "survived":
            print(f"{a.source}:{i + 1}\n-     {lines[i].strip()}\n+     {changed.strip()}", flush=True)
    print(f"{a.source}: {min(a.most, len(slips))} of {len(slips)} slips: {count['caught']} caught, "
          f"{count['survived']} survived, {count['unbuilt']} did not build")
    return 1 if count["survived"] else 0


if __name__ == "__main__":
    main()
