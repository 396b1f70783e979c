#!/usr/bin/env python3
"""check.py FAULTS ROOT [PAGE]: prints what is wrong with a list of planted faults, without building anything.

Each entry has the six fields of faults.txt once and a name of its own; its file and its test exist below ROOT; the text
to replace stands in the file exactly once, and the replacement differs. PAGE has the table of the list. Exits with 1 if
anything is wrong.

  check.py --write FAULTS PAGE    writes the table of the list into the page, after its line <!-- table -->"""
import os, sys

FIELDS = ["fault ", "what  ", "file  ", "-     ", "+     ", "test  "]


def test_source(test):
    return "tests/" + test + ("" if test.endswith(".sh") else ".c")


def with_table(page, entries):
    """the text of the page with the table of these entries"""
    rows = ["| %s | `%s` | `%s` |" % (e["what  "].replace("|", "\\|"), e["file  "], test_source(e["test  "])) for e in entries]
    head = open(page).read().split("<!-- table -->")[0]
    return head + "<!-- table -->\n\n%d faults.\n\n| fault | file | test |\n| --- | --- | --- |\n%s\n" % (len(rows), "\n".join(rows))


def write(path, page):
    entries = []
    for line in open(path).read().split("\n"):
        if line.startswith("fault "):
            entries.append({})
        if line[:6] in FIELDS:
            entries[-1][line[:6]] = line[6:]
    text = with_table(page, entries)
    open(page, "w").write(text)
    return 0


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
        if not os.path.isfile(root + "/" + test_source(test)):
            faults.append(where + "no test " + test_source(test))
    if not entries:
        faults.append(path + ": no entry")
    if page and not faults and open(page).read() != with_table(page, [entry for _, entry in entries]):
        faults.append("%s: the table is not that of %s; run tests/faults/run.sh --write" % (page, path))
    print("\n".join(faults) if faults else "%d entries" % len(entries))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(write(*sys.argv[2:]) if sys.argv[1] == "--write" else main(*sys.argv[1:]))
