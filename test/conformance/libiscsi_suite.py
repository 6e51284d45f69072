#!/usr/bin/env python3
"""libiscsi's test suite (iscsi-test-cu), one process a test with a time limit, so that a test that hangs costs only itself.

  libiscsi_suite.py [--tool PROGRAM] [--newest] [--match REGULAR-EXPRESSION] VOLUME...

VOLUME is iscsi://HOST:PORT/IQN/LUN, or several of them joined by '|': paths to one volume, as the MultipathIO tests need. The tests
are shared out among the volumes, one at a time on each, because every test may overwrite its volume. What was not expected
(expectations.txt) is printed; exit status 1 then.
--newest: PROGRAM is the newest suite; its list is longer. See README.md.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

import verdict

sys.path.append(str(Path(__file__).resolve().parents[1] / 'support'))
from initiator import Session

TOOL = 'iscsi-test-cu'
SECONDS = 40
BANNER = 'cunit.sourceforge'  # what stands before it is set-up
# It counts on zeros in blocks 0 to 256 and writes them up to 255.
WANT_ZEROS = ('ALL.MultipathIO.CompareAndWrite',)
PROBES = ('ALL.TestUnitReady.Simple', 'ALL.Read10.Simple', 'ALL.Write10.Simple')


def all_tests(tool=TOOL):
    """FAMILY.SUITE.TEST; the family ALL has every test once."""
    names = subprocess.run([tool, '--list'], capture_output=True, text=True, timeout=30).stdout.split()
    return sorted({n for n in names if re.fullmatch(r'ALL\.\w+\.[\w-]+', n)})


def run_test(name, volume, tool=TOOL, seconds=SECONDS):
    """('passed' | 'skipped' | 'failed' | 'error' | 'timeout', the reason)."""
    child = subprocess.Popen([tool, '--dataloss', '--allow-sanitize', '-n', '-t', name, *volume.split('|')],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors='replace', start_new_session=True)
    try:
        text = child.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return 'timeout', last_words(child.communicate()[0])
    return judge(text)


def judge(text):
    counts = re.search(r'^\s*tests\s+\d+\s+(\d+)\s+(\d+)\s+(\d+)', text, re.M)
    if not counts or counts[1] == '0':
        return 'error', last_words(text)  # no login, or the tool died
    if counts[3] != '0':
        return 'failed', marked(text, 'FAILED') or assertion(text)
    skipped = marked(text, 'SKIPPED')
    return ('skipped', skipped) if skipped else ('passed', '')


def marked(text, mark):
    found = re.search(r'^.*\[%s\]\s*(.*)' % mark, text.split(BANNER, 1)[-1], re.M)
    return found[1].strip() if found else ''


def assertion(text):
    found = re.search(r'^\s*1\. (\S+\s+- \S+)', text, re.M)
    return found[1] if found else ''


def last_words(text):
    lines = [line for line in text.splitlines() if line.strip() and 'CUnit' not in line and BANNER not in line]
    return lines[-1].strip() if lines else ''


def write_zeros(volume):
    url = urlsplit(volume.split('|')[0])
    with Session((url.hostname, url.port), url.path.split('/')[1]) as session:
        session.clear_attentions()
        session.write(0, bytes(512 * 264))


class Suite:
    """The tests that wait, and what came of the others."""

    def __init__(self, names, tool=TOOL):
        self.tool, self.waiting = tool, SimpleQueue()
        self.results, self.left_unusable = {}, []
        for name in names:
            self.waiting.put(name)

    def run(self, volumes):
        with ThreadPoolExecutor(len(volumes)) as pool:
            list(pool.map(self.work, volumes))

    def work(self, volume):
        """Until no test waits, or this volume serves no more."""
        probes = [probe for probe in PROBES if run_test(probe, volume, self.tool)[0] == 'passed']
        while True:
            try:
                name = self.waiting.get_nowait()
            except Empty:
                return
            if name in WANT_ZEROS:
                write_zeros(volume)
            self.results[name] = run_test(name, volume, self.tool)
            if self.results[name][0] not in ('passed', 'skipped') and not self.serves(volume, probes):
                self.left_unusable.append(name)

    def serves(self, volume, probes):
        return all(run_test(probe, volume, self.tool)[0] == 'passed' for probe in probes)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--tool', default=TOOL)
    p.add_argument('--newest', action='store_true')
    p.add_argument('--match', default='')
    p.add_argument('volumes', nargs='+', metavar='VOLUME')
    a = p.parse_args()
    begun = time.monotonic()
    suite = Suite([name for name in all_tests(a.tool) if re.search(a.match, name)], a.tool)
    suite.run(a.volumes)
    expected = verdict.expectations('newest' if a.newest else 'debian')
    lines = verdict.complaints(suite.results, suite.left_unusable, expected)
    for line in lines:
        print(line)
    print(f'{verdict.summary(suite.results, expected)}; {time.monotonic() - begun:.0f} s')
    sys.exit(1 if lines or not suite.results else 0)


if __name__ == '__main__':
    main()
