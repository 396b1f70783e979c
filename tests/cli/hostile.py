"""hostile.py FOLDER MARKER: a run of somebody else in FOLDER, whose names try to run commands, to be markup and to control
the terminal. A command that runs makes the file MARKER. Prints nothing; hostile.names() are the names."""
import copy, json, os, sys

EVIL = r'''
`touch {m}`
$(touch {m})
"; system("touch {m}"); "
'; system('touch {m}'); '
' . system('touch {m}') . '
@touch
\"`touch {m}`\"
\
\\'; !touch {m}
!touch {m}
%s%n%f%d%%
_a_^b^{{c}}&{{d}}~e
-e system("touch {m}")
../../../etc/x
.
=cmd|' /C calc'!A0
+1+1
-1+1
@SUM(1)
'quoted'
"quoted"
a,b;c	d
a|b|c \| d
<script>alert(1)</script>
<img src=x onerror=alert(1)>&amp;&#60;
" onmouseover="alert(1)
]]><!-- --!> <?x?>
[x](javascript:alert(1)) ![y](http://z)
::stop-commands::x
 ::error file=x::y
##[error]x ##[set-env name=x]y
**bold** _it_ `code` ~~no~~ $x$ # - |
'''


def names(marker):
    plain = [line.format(m=marker) for line in EVIL.strip('\n').split('\n')]
    return plain + ['', ' space ', 'a\nset output "x"; !touch %s\nb' % marker, 'a\r\nb', 'a\rb', '\x1b[31mred\x1b[0m', '\x1b]0;title\x07',
                    '\x01\x02\x7f\x9b1m', '\u202etxt.exe', '\u2028x', '\ufffe', 'ünïcödé ≤ 漢字', 'x' * 300]


def change(records, marker):
    """a name for every string of the records that is not of a fixed set"""
    evil, at = names(marker), [0]

    def next_name():
        at[0] += 1
        return evil[at[0] % len(evil)]

    cells = [r for r in records if r['type'] == 'cell']
    for cell in cells:
        for row in cell['rows']: row['unit'], row['status'] = next_name(), next_name()
        cell['rows'][0]['value'] = None  # a number that is missing is shown by its status, in tables and in the figure
        cell['rows'] += [dict(cell['rows'][-1], metric=name) for name in evil[:20]]
        for example in cell.get('examples', []): example['title'], example['unit'] = next_name(), next_name()
        if cell.get('strip'): cell['strip']['title'] = next_name()
        for curve in cell['training'].get('curves', []): curve['name'] = next_name()
        cell['notes'] = [next_name() for _ in range(3)]
        cell['provenance'] = dict({k: next_name() for k in ('dynaflow', 'commit', 'compiler', 'flags', 'mujoco', 'cpu')}, dirty=True,
                                  blas=dict(kernel=next_name(), config=next_name()), libraries=dict(libc=next_name()), cores=1, threads=1)
        cell['config'] = {'eval.' + name: next_name() for name in evil}
    return cells


def main(folder, marker):
    source = [json.loads(line) for line in open(os.path.join(os.path.dirname(__file__), 'run', 'events.jsonl'))]
    records, evil = [], [n for n in names(marker) if n]
    for i in range(0, len(evil), 2):  # a group for every second name: the other names its profile
        # a method of the suite keeps its name, so that figures have their axes; one has the hostile name
        task, profile, method = evil[i], evil[(i + 1) % len(evil)], evil[(i + 7) % len(evil)]
        group = copy.deepcopy([r for r in source if r['type'] == 'cell'])
        for cell in change(group, marker):
            cell.update(task=task, profile=profile, reason=evil[(i + 3) % len(evil)])
            if cell['method'] == 'dynaflow': cell['method'] = method
            cell.pop('record_sha256', None)
            cell['key'] = ''
            records.append(cell)
    failed = dict(records[0], method='dynaflow', seed=9, status='=a,b\r"c\n', rows=[])
    with open(os.path.join(folder, 'events.jsonl'), 'w') as f:
        f.write(''.join(json.dumps(r) + '\n' for r in records + [failed]))


if __name__ == '__main__': main(*sys.argv[1:])
