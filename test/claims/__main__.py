"""scripts/claims: shows, claim by claim, that a living group does what it is to do."""
import argparse
import sys
import time
import traceback

import distribution_rows, install_rows, load_rows, login_rows, partition_rows  # noqa: F401  they register themselves
from rig import Rig
from rows import ROWS, NotYet


def order(name):
    letter, rest = name[0], name[1:]
    number, _, part = rest.partition('.')
    return letter, int(number), part


def main():
    options = argparse.ArgumentParser(prog='scripts/claims', description=__doc__)
    options.add_argument('--ci', action='store_true', help='the short form of slow rows')
    options.add_argument('--list', action='store_true', help='only names the rows')
    options.add_argument('rows', nargs='*', metavar='ROW', help='as B7; all, where none is named')
    a = options.parse_args()
    unknown = [name for name in a.rows if name not in ROWS]
    if unknown:
        sys.exit(f"claims: no row {', '.join(unknown)}; --list shows them")
    names = sorted(a.rows or ROWS, key=order)
    if a.list:
        for name in names:
            print(f'{name:6} {ROWS[name].claim}')
        return 0
    return run(names, a.ci)


def run(names, short):
    rig = Rig(short)
    counts = {'PASS': 0, 'FAIL': 0, 'NOT YET': 0}
    try:
        # Rows that say "as another one" come behind it.
        for name in sorted(names, key=lambda n: ROWS[n].show.__name__ == 'show'):
            begun = time.monotonic()
            outcome, text = show(rig, ROWS[name])
            counts[outcome] += 1
            print(f'{name:6} {outcome:8} {time.monotonic() - begun:5.1f} s  {ROWS[name].claim}: {text}', flush=True)
    finally:
        rig.close()
    print(f"shown: {counts['PASS']} passed, {counts['FAIL']} failed, {counts['NOT YET']} not yet")
    return 1 if counts['FAIL'] else 0


def show(rig, row):
    try:
        text = rig.seen_rows[row.name] = row.show(rig)
        return 'PASS', text
    except NotYet as reason:
        return 'NOT YET', str(reason)
    except AssertionError as failure:
        return 'FAIL', str(failure)
    except Exception as failure:  # noqa: BLE001  a row must not take the others with it
        traceback.print_exc(file=sys.stderr)
        return 'FAIL', f'{type(failure).__name__}: {failure}'


if __name__ == '__main__':
    sys.exit(main())
