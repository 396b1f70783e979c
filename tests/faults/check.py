#!/usr/bin/env python3
"""check.py FAULTS ROOT [PAGE]: prints what is wrong with a list of planted faults, without building anything.

Each entry has the six fields of faults.txt once and a name of its own; its file and its test exist below ROOT; the text
to replace stands in the file exactly once, and the replacement differs. PAGE, the table of the last whole run, states as
many faults as the list has, and has a row for each, with the file of the entry. Exits with 1 if anything is wrong."""
import os, re, sys

FIELDS = ["fault ", "what  ", "file  ", "-     ", "+     ", "test  "]


def main(path, root, page=None):
    faults, names, entries = [], set(), []
    for number, line in enumerate(open(path).read().split("\n"), 1):
        where = "%s:%d: " % (path, number)
        key, value = line[:6], line[6:]
        if not line or line.startswith("#"):
            continue
        if key not in FIELDS or not value:
            faults.append(where + "'%s' is no field of an entry" % line)
        elif key == "fault ":
            if value in names:
                faults.append(where + "%s is the name of two entries" % value)
            names.add(value)
            entries.append((where, {key: value}))
        elif not entries or key in entries[-1][1]:
            faults.append(where + "'%s' stands twice in an entry, or before the first" % key.strip())
        else:
            entries[-1][1][key] = value
    for where, entry in entries:
        where += entry["fault "] + ": "
        absent = [key.strip() for key in FIELDS if key not in entry]
        if absent:
            faults.append(where + "without " + ", ".join(absent))
            continue
        source, old, test = root + "/" + entry["file  "], entry["-     "], entry["test  "]
        if not os.path.isfile(source):
            faults.append(where + "no file " + entry["file  "])
        else:
            times = open(source).read().count(old)
            if times != 1:
                faults.append(where + "%d times, not once, in %s: %s" % (times, entry["file  "], old))
        if old == entry["+     "]:
            faults.append(where + "the replacement changes nothing")
        if not os.path.isfile(root + "/tests/" + test + ("" if test.endswith(".sh") else ".c")):
            faults.append(where + "no test tests/" + test)
    if not entries:
        faults.append(path + ": no entry")
    if page:
        text = open(page).read()
        stated = re.search(r"^(\d+) faults: ", text, re.M)
        if not stated or int(stated.group(1)) != len(entries):
            faults.append("%s: states %s faults, %s has %d; run tests/faults/run.sh --write"
                          % (page, stated.group(1) if stated else "no", path, len(entries)))
        rows = re.findall(r"^\| (.*) \| `([^`]*)` \| .* \|$", text, re.M)
        wanted = [(entry.get("what  "), entry.get("file  ")) for _, entry in entries]
        for what, source in rows:
            if not os.path.isfile(root + "/" + source):
                faults.append("%s: no file %s; run tests/faults/run.sh --write" % (page, source))
            elif (what, source) not in wanted:
                faults.append("%s: no entry '%s' of %s; run tests/faults/run.sh --write" % (page, what, source))
        for what, source in wanted:
            if (what, source) not in rows:
                faults.append("%s: no row '%s' of %s; run tests/faults/run.sh --write" % (page, what, source))
    print("\n".join(faults) if faults else "%d entries" % len(entries))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
