"""The package: what `cmake --install` puts into an empty root is enough for the method."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rows import ROWS, NotYet, expect, row
from test_install import INSTALLED, install

STEPS = ('B1.d', 'B11', 'B14.a', 'B14.b', 'B14.c', 'B14.d', 'B14.e')  # the rows of the method, and what they build on


@row('B30', 'an installed package does the method')
def installed(rig):
    missing = [step for step in STEPS if step not in ROWS]
    if missing:
        raise NotYet(f"no rows {', '.join(missing)}")
    rig.close()  # one group at a time
    with tempfile.TemporaryDirectory(prefix='shoal-installed-') as root:
        files = install(root)
        expect(files == INSTALLED, f'{files ^ INSTALLED} differ')
        (Path(root) / 'tools').symlink_to('usr/bin')  # where scripts and tests look for programs
        shown = subprocess.run([sys.executable, str(Path(__file__).parent), '--ci', *STEPS], env={**os.environ, 'SHOAL_BUILD': root},
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    expect(f'{len(STEPS)} passed, 0 failed, 0 not yet' in shown.stdout, f'with the installed programs:\n{shown.stdout}{shown.stderr}')
    return f"{len(files)} files with a unit of systemd; with the installed programs rows {', '.join(STEPS)} pass"
