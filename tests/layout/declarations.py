#!/usr/bin/env python3
"""Prints what the public headers declare with DF_API, one declaration per line, sorted by name: "name: declaration".

  declarations.py INCLUDE    INCLUDE holds dynaflow/dynaflow.h

Declarations are those of the preprocessed headers with attributes removed and white space normalised, so that a changed
type or argument changes its line, and a changed layout or comment does not. df_assert_failed, which only debug builds
have, and df_plugin_*, which plugins define, are left out."""
import re, subprocess, sys

command = ["gcc", "-std=c17", "-E", "-P", "-I", sys.argv[1], sys.argv[1] + "/dynaflow/dynaflow.h"]
text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
lines = []
for declaration in re.findall(r"__attribute__\(\(visibility\(\"default\"\)\)\)([^;{]*)", text):
    declaration = re.sub(r"__attribute__\(\((?:[^()]|\([^()]*\))*\)\)", "", declaration)
    declaration = re.sub(r"\s*([(),*\[\]])\s*", r"\1", " ".join(declaration.split()))
    declaration = re.sub(r",", ", ", re.sub(r"\*+(?=\w)", lambda stars: stars.group() + " ", declaration))
    name = (re.search(r"(\w+)\(", declaration) or re.search(r"(\w+)$", declaration)).group(1)
    if name != "df_assert_failed" and not name.startswith("df_plugin_"):
        lines.append("%s: %s" % (name, declaration))
print("\n".join(sorted(set(lines))))
