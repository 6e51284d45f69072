"""What the results of libiscsi's suite are worth, held against the lists of what is expected not to pass.

Results are {NAME: (OUTCOME, REASON)}; NAME is Suite.Test, with or without a family before it.
"""
import re
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
LISTS = {'debian': ['expectations.txt'], 'newest': ['expectations.txt', 'expectations-newest.txt']}
ACCEPTED = {'skips': ('skipped',), 'optional': ('passed', 'skipped'), 'faulty': ('passed', 'failed', 'error'),
            'endless': ('passed', 'failed', 'error', 'timeout')}
KINDS = '|'.join(ACCEPTED)
LINE = re.compile(rf'(\S+)\s+({KINDS})\s+(\S.*)')


def expectations(suite='debian'):
    """{NAME: (a word of ACCEPTED, reason)}"""
    return {name: rest for file in LISTS[suite] for name, *rest in parse((HERE / file).read_text(), file)}


def parse(text, file):
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith('#'):
            continue
        match = LINE.fullmatch(line.rstrip())
        if not match:
            raise SystemExit(f'{file}:{number}: expected NAME {KINDS} REASON, found: {line}')
        yield match.groups()


def short(name):
    """ALL.Read10.Simple -> Read10.Simple"""
    return '.'.join(name.split('.')[-2:])


def complaints(results, left_unusable, expected):
    """One line for each result that nobody expected; none: the target conforms."""
    lines = [complaint(name, *result, expected) for name, result in sorted(results.items())]
    return [line for line in lines if line] + [f'{name}: left the target unusable' for name in left_unusable]


def complaint(name, outcome, reason, expected):
    kind, why = expected.get(short(name), ('', ''))
    if outcome in ACCEPTED.get(kind, ('passed',)):
        return None
    said = f'{outcome} ({reason})' if reason else outcome
    return f'{name}: {said}' + (f'; it is listed as "{kind}: {why}"' if kind else '')


def summary(results, expected):
    """230 tests: 215 passed, 14 skipped as listed, 1 faulty as listed"""
    def kind(name, outcome):
        listed = expected.get(short(name), ('',))[0]
        if outcome == 'passed' or outcome not in ACCEPTED.get(listed, ()):
            return outcome
        return f'{outcome if outcome == "skipped" else listed} as listed'
    counts = Counter(kind(name, outcome) for name, (outcome, _) in results.items())
    return f'{len(results)} tests: ' + ', '.join(f'{count} {what}' for what, count in counts.most_common())
