#!/usr/bin/env python3
"""Checks the layout of the sources against the ladder that the Makefile declares.

  layout.py ROOT BUILD    ROOT holds lib/ bench/ baselines/; BUILD the objects; the ladder is read from standard input,
                          a line per folder: "bench/gate: bench/verify bench/base"

A unit is a .c file with the header of the same name. Printed, one per line, is every
  - include of a folder that the includer does not see, of one of our own headers in angle brackets, or by a macro,
  - cycle of units, by their includes and by their calls (undefined and defined symbols of the objects),
  - call into a folder that the caller does not see; a weak reference counts as a call, and a symbol that several units
    may define (weak or common) as a call of each other,
  - call of dlsym and its like outside the units that need it,
  - source in a folder that the ladder does not name,
  - source without an object,
  - base name that two folders have,
  - include guard that is not the path of its header (lib/include/ left out).
Exits with 1 if there is one, 2 if there was nothing to look at.

A call through a function pointer is not seen: a constructor or an argument may hand a function of a higher folder to a
lower one, which then calls it without naming it."""
import glob, os, re, subprocess, sys


# functions that find a symbol by its name, unseen by nm, and the units that may call them
BY_NAME = {"dlsym", "dlvsym", "dlopen", "dlmopen"}
MAY_FIND_BY_NAME = {"lib/nn/blas", "baselines/plugin"}  # OpenBLAS; plugins
# the public header that includes all others
UMBRELLA = "lib/include/dynaflow/dynaflow.h"


def directives(text):
    """What follows each #include, #include_next or #import that is not in a comment."""
    text = re.sub(r"\\\n", "", text)
    # strings first, so that one that holds // or /* is no comment
    token = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/'
    text = re.sub(token, lambda m: " " if m.group().startswith("/") else m.group(), text, flags=re.S)
    return re.findall(r"^[ \t]*(?:#|%:)[ \t]*(?:include_next|include|import)\b[ \t]*([^\n]*?)[ \t]*$", text, re.M)


def main(root, build, ladder):
    os.chdir(root)
    sees = {}
    for line in ladder:
        folder, _, below = line.partition(":")
        sees[folder.strip()] = set(below.split()) | {folder.strip()}
    faults = []

    sources = [p for f in sees for p in glob.glob(f + "/*.[ch]")]
    for top in sorted({f.split("/")[0] for f in sees}):
        for folder, _, files in os.walk(top):
            for name in files:
                p = folder + "/" + name
                if re.search(r"\.(c|h|cc|cpp|cxx|hpp|inc|S|s)$", name) and p not in sources and p != UMBRELLA:
                    faults.append("%s: no source of a folder that the ladder names" % p)
    headers, folder_of, unit_of = {}, {}, {}
    for p in sources:
        folder, name = os.path.split(p)
        # a public header belongs to its room's folder in lib/
        room = re.match(r"lib/include/dynaflow/(\w+)$", folder)
        folder_of[p] = "lib/" + room.group(1) if room else folder
        # a public header is a contract that several files may implement: a unit of its own
        unit_of[p] = (folder if room else folder_of[p]) + "/" + os.path.splitext(name)[0]
        if p.endswith(".h"):
            key = "dynaflow/%s/%s" % (room.group(1), name) if room else name
            if key in headers:
                faults.append("%s and %s have one name" % (headers[key], p))
            headers[key] = p
            guard = re.search(r"^#ifndef (\w+_H)\n#define \1$", open(p).read(), re.M)
            path = re.sub(r"\W", "_", p.replace("lib/include/", "").upper())
            if guard and guard.group(1) != path:
                faults.append("%s: the include guard is %s, not %s" % (p, guard.group(1), path))
    names = {}
    for p in sources:
        if p.endswith(".c"):
            base = os.path.basename(p)
            if base in names:
                faults.append("%s and %s have one name" % (names[base], p))
            names[base] = p

    def visible(user, folder, unit):
        return folder in sees[user] or unit + ".h" in sees[user]

    def callable(user, folder, unit):
        # functions that the public headers of lib/sim declare are defined in the rooms inside it
        inside = folder.startswith("lib/sim/") and not user.startswith("lib/sim")
        return visible(user, "lib/sim" if inside else folder, unit) or visible(user, folder, unit)

    includes = {}
    for p in sources:
        for what in directives(open(p).read()):
            name = what[1:-1]
            if not re.match(r'"[^"]+"$|<[^>]+>$', what):
                faults.append("%s: includes %s, which is no name of a file" % (p, what))
                continue
            if what[0] == "<":
                if name in headers or name.startswith("dynaflow/"):
                    faults.append('%s: includes <%s>; our own headers are included as "%s"' % (p, name, name))
                continue
            used = headers.get(name)
            if not used:
                if name != "version.h" and not name.startswith("kernels_loops"):
                    faults.append('%s: "%s" is no header of a folder in the ladder' % (p, name))
                continue
            if not visible(folder_of[p], folder_of[used], folder_of[used] + "/" + os.path.splitext(os.path.basename(used))[0]):
                faults.append("%s: includes %s, which %s does not see" % (p, used, folder_of[p]))
            includes.setdefault(unit_of[p], set()).add(unit_of[used])

    calls, defined, wanted = {}, {}, {}
    for p in sources:
        if not p.endswith(".c"):
            continue
        unit = unit_of[p]
        out = subprocess.run(["nm", "%s/%s.o" % (build, p[:-2])], capture_output=True, text=True)
        if out.returncode and p.startswith("bench/render/") and not os.path.exists(build + "/dynaflow-render"):
            continue  # it is not built everywhere
        if out.returncode:
            faults.append("%s: no object in %s" % (p, build))
            continue
        for line in out.stdout.splitlines():
            kind, symbol = line.split()[-2:]
            if kind in "UwvWVC" and symbol in BY_NAME and unit not in MAY_FIND_BY_NAME:
                faults.append("%s: calls %s, which only %s may" % (unit, symbol, " and ".join(sorted(MAY_FIND_BY_NAME))))
            if kind in "TDBRGSuiVWC":
                # another unit may replace a weak or common definition by its own
                if symbol not in defined or defined[symbol][2] in "VWC":
                    defined[symbol] = (unit, folder_of[p], kind)
            if kind in "UwvVWC":
                wanted.setdefault((unit, folder_of[p]), set()).add(symbol)
    for (unit, folder), symbols in wanted.items():
        for symbol in symbols:
            if symbol in defined and defined[symbol][0] != unit:
                calls.setdefault(unit, set()).add(defined[symbol][0])
                if not callable(folder, defined[symbol][1], defined[symbol][0]):
                    faults.append("%s: calls %s of %s, which %s does not see" % (unit, symbol, defined[symbol][0], folder))

    for graph, how in ((includes, "include"), (calls, "call")):
        for cycle in cycles(graph):
            faults.append("units that %s each other: %s" % (how, " ".join(sorted(cycle))))
    for fault in sorted(set(faults)):
        print(fault)
    print("%d files in %d folders, %d includes and %d calls between units, %d faults"
          % (len(sources), len(sees), sum(map(len, includes.values())), sum(map(len, calls.values())), len(set(faults))))
    if not sources or not defined:
        return 2
    return 1 if faults else 0


def cycles(graph):
    """Strongly connected components of more than one unit (Tarjan 1972)."""
    index, low, stack, on, found = {}, {}, [], set(), []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        on.add(v)
        for w in graph.get(v, ()):
            if w == v:
                continue
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in on:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            component = []
            while True:
                w = stack.pop()
                on.discard(w)
                component.append(w)
                if w == v:
                    break
            if len(component) > 1:
                found.append(component)

    sys.setrecursionlimit(10000)
    for v in list(graph):
        if v not in index:
            visit(v)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.stdin.read().splitlines()))
