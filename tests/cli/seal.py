"""Records as the program writes them, for scripts that make or change some: bench/record/key.h describes sums, not the program.
As a script, seal.py FILE CHANGE: Python that changes `cells`, the records of cells in FILE, which are then sealed again."""
import hashlib, json, sys

sha256 = lambda text: hashlib.sha256(text.encode()).hexdigest()


def number(x):  # as the program writes numbers: 17 digits, "1e-9", "2.0"
    s = '%.17g' % x
    if 'e' in s:
        mantissa, exponent = s.split('e')
        return '%se%d' % (mantissa, int(exponent))
    return s if '.' in s else s + '.0'


def compact(o, sort):
    if isinstance(o, dict):
        items = sorted(o.items()) if sort else o.items()
        return '{' + ','.join(json.dumps(k) + ':' + compact(v, sort) for k, v in items) + '}'
    if isinstance(o, list): return '[' + ','.join(compact(v, sort) for v in o) + ']'
    return number(o) if isinstance(o, float) else json.dumps(o)


def seal(record):
    record.pop('record_sha256', None)
    record['record_sha256'] = sha256(compact(record, True))


if __name__ == '__main__':
    path, change = sys.argv[1:]
    records = [json.loads(line) for line in open(path)]
    cells = [r for r in records if r['type'] == 'cell']
    exec(change)
    for c in cells: seal(c)
    open(path, 'w').write(''.join(compact(r, False) + '\n' for r in records))
