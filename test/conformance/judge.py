#!/usr/bin/env python3
"""Judges results of libiscsi's suite that another program has collected: fails where a test did not pass and is not listed.

  judge.py [--newest] DIR     DIR/results.json: {TARGET: {FAMILY.SUITE.TEST: [OUTCOME, REASON], "left broken": ["info", [TEST...]]}}

--newest: the list of the newest suite, not of Debian's.
"""
import argparse
import json
import sys
from pathlib import Path

import verdict

MANY = 200  # fewer results are those of a run that was cut short


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--newest', action='store_true')
    p.add_argument('directory', type=Path)
    a = p.parse_args()
    targets = json.loads((a.directory / 'results.json').read_text())
    expected = verdict.expectations('newest' if a.newest else 'debian')
    bad = [name for name, results in targets.items() if not conforms(name, results, expected)]
    sys.exit(1 if bad or not targets else 0)


def conforms(target, results, expected):
    _, unusable = results.pop('left broken', ('info', []))
    lines = verdict.complaints(results, unusable, expected)
    if len(results) < MANY:
        lines.append(f'only {len(results)} results; the whole suite has 230 or more')
    print(f'{target}: {verdict.summary(results, expected)}')
    for line in lines:
        print(f'  {line}')
    return not lines


if __name__ == '__main__':
    main()
