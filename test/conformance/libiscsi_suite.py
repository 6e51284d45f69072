#!/usr/bin/env python3
"""libiscsi's test suite (iscsi-test-cu), one process a test with a time limit, so that a test that hangs costs only itself.

  libiscsi_suite.py URL [REGULAR-EXPRESSION]    runs the tests whose names match, and prints those that did not pass

The LUN is overwritten.
"""
import os
import re
import signal
import subprocess
import sys

TOOL = 'iscsi-test-cu'
SECONDS = 30
BANNER = 'cunit.sourceforge'  # what stands before it is set-up
RESERVATIONS = 'PERSISTENT RESERVE IN is not implemented.'


def all_tests():
    """FAMILY.SUITE.TEST; the tool lists most of them in several families."""
    names = subprocess.run([TOOL, '--list'], capture_output=True, text=True, timeout=30).stdout.split()
    return sorted({n for n in names if re.fullmatch(r'ALL\.\w+\.[\w-]+', n)})


def run_test(name, url, seconds=SECONDS):
    """('passed' | 'skipped' | 'failed' | 'error' | 'timeout', the reason)."""
    child = subprocess.Popen([TOOL, '--dataloss', '--allow-sanitize', '-n', '-t', name, url], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', start_new_session=True)
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
        return 'failed', marked(text, 'FAILED')
    skipped = marked(text, 'SKIPPED')
    return ('skipped', skipped) if skipped else ('passed', '')


def marked(text, mark):
    """What the test itself said first; not the search for reservations that is made before and after each test."""
    lines = re.findall(r'(?<!READ_KEYS\n)^ *\[%s\]\s*(.*)' % mark, text.split(BANNER, 1)[-1], re.M)
    return next((line.strip() for line in lines if line != RESERVATIONS), '')


def last_words(text):
    lines = [line for line in text.splitlines() if line.strip() and 'CUnit' not in line and BANNER not in line]
    return lines[-1].strip() if lines else ''


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    pattern = sys.argv[2] if len(sys.argv) == 3 else ''
    counts = {}
    for name in (n for n in all_tests() if re.search(pattern, n)):
        result, reason = run_test(name, sys.argv[1])
        counts[result] = counts.get(result, 0) + 1
        if result != 'passed':
            print(f'{result:8} {name:44} {reason}', flush=True)
    print(', '.join(f'{count} {result}' for result, count in sorted(counts.items())))


if __name__ == '__main__':
    main()
