"""recipe.py WHAT FILE: the shell commands of a documented recipe, for test_recipe.sh.

WHAT: sh      the fenced blocks ```sh of a Markdown page
      github  the `run:` steps of a workflow of GitHub Actions; a step that fails ends the job, and `if: ${{ !cancelled() }}`
              steps still run
      gitlab  before_script and script of a job of GitLab, with its variables
The files are this project's own, so that this reads the YAML that they use, and no other: it fails on what it does not
know."""
import re, shlex, sys, textwrap


def sh(text):
    blocks = re.findall(r'^```sh\n(.*?)^```$', text, re.M | re.S)
    assert blocks, 'no ```sh block'
    return '\n'.join(blocks)


def env(text, head):
    lines = re.search(r'^( *)' + head + r':\n((?:\1 +\S.*\n)+)', text, re.M).group(2)
    pairs = re.findall(r'^ *([A-Z_]+): ([^ #\n]+)', lines, re.M)
    return ''.join('export %s=${%s:-%s}\n' % (k, k, shlex.quote(v)) for k, v in pairs)


def github(text):
    out, steps = [env(text, 'env'), 'failed=0'], re.split(r'^      - ', text[text.index('    steps:\n'):], flags=re.M)[1:]
    for step in steps:
        run = re.search(r'^        run: (\|\n(?:          .*\n)+|.+\n)', step, re.M)
        assert run or 'uses: actions/' in step, step
        if not run: continue
        body = textwrap.dedent(run.group(1)[2:]) if run.group(1).startswith('|') else run.group(1)
        always = '!cancelled()' in step
        assert always or 'if:' not in step, step
        # as the runner does: each step in a shell of its own, with the paths that earlier ones added
        path = 'PATH="$(tac "$GITHUB_PATH" | tr "\\n" :)$PATH"'
        one = '%s bash --noprofile --norc -eo pipefail -c %s || { code=$?; [ $failed -ne 0 ] || failed=$code; }' % (path, shlex.quote(body))
        out.append(one if always else '[ $failed -ne 0 ] || ' + one)
    return '\n'.join(out + ['exit $failed', ''])


def gitlab(text):
    out = ['set -eo pipefail', env(text, '  variables')]
    for key in ('before_script', 'script'):
        out += re.findall(r'^    - (.*)$', re.search(r'^  %s:\n((?:    (?:- |#).*\n)+)' % key, text, re.M).group(1), re.M)
    return '\n'.join(out + [''])


what, path = sys.argv[1:]
print({'sh': sh, 'github': github, 'gitlab': gitlab}[what](open(path).read()))
