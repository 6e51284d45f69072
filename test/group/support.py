"""What the tests of real processes share: a group that is up for one test class, and ways to look at it and hurt it."""
import json
import os
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from initiator import Session

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get('SHOAL_BUILD', TOP / 'build'))
NETS = os.environ.get('SHOAL_TEST_NETS', 100 + os.getpid() % 100)  # where test/group/run has others at work beside
FULL = os.environ.get('SHOAL_TEST_LEVEL') == 'full'

MIB = 1 << 20
PAGE = MIB  # small pages, so that a small volume lies on every member


def eventually(check, seconds=15, what='the expected state'):
    """Waits for check() to give something true, and gives it."""
    deadline = time.monotonic() + seconds
    while True:
        seen = check()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f'{what} did not come within {seconds} s; last seen: {seen!r}')
        time.sleep(0.05)


class Group:
    """scripts/group in a folder of its own, on addresses of its own."""
    count = 0

    def __init__(self, *arguments, members=3):
        Group.count += 1
        self.net = f'127.{NETS}.{Group.count}'
        self.directory = tempfile.mkdtemp(prefix='shoal-test-')
        self.info = json.loads(self.script('up', '--members', str(members), '--net', self.net, '--json', *arguments).splitlines()[-1])

    def script(self, *words):
        r = subprocess.run([str(TOP / 'scripts' / 'group'), *words, '--dir', self.directory], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=120)
        if r.returncode:
            raise AssertionError(f'scripts/group {" ".join(words)}: {r.stderr}{r.stdout}')
        return r.stdout

    def down(self):
        self.script('down')

    def wait_until_heard(self):
        """Logins are placed by reports of the load of all members: before, as if some were away."""
        eventually(lambda: all(each['heard'] for view in self.load_views() for each in view), 15, 'members that hear each other')
        heard = self.reports_seen()
        # What is placed by is the picture of the period that has ended.
        eventually(lambda: all(now >= then + 2 for now, then in zip(self.reports_seen(), heard)), 15, 'periods that end')

    def load_views(self):
        return [self.ctl(m['id'], 'load')['members'] for m in self.info['members']]

    def reports_seen(self):
        """Sequence numbers of each member's newest report at each member."""
        return [each['sequence'] for view in self.load_views() for each in view]

    def address(self, member, port=3260):
        return (f'{self.net}.{member}', port)

    def ctl(self, member, *words, check=True):
        r = subprocess.run([str(BUILD / 'tools' / 'shoalctl'), '--json', '--control', f'{self.net}.{member}:3263', *words],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=70)
        if check and r.returncode:
            raise AssertionError(f'shoalctl {" ".join(words)}: {r.stderr}')
        return json.loads(r.stdout) if r.returncode == 0 else r.stderr

    def create(self, volume, size, *words, living=(1, 2, 3)):
        """A new volume, known to all members that live."""
        image = self.ctl(1, 'volume', 'create', volume, size, '--page', '1MiB', *words)['image']
        known = lambda m: any(v['image'] == image for v in self.ctl(m, 'volume', 'list'))
        eventually(lambda: all(known(m) for m in living), 10, f'volume {volume} at every member')

    def iqn(self, volume):
        return next(v['iqn'] for v in self.ctl(1, 'volume', 'list') if v['name'] == volume)

    def session(self, member, volume, port=3261, **more):
        """At the member portal, so that the test knows who serves it."""
        s = Session(self.address(member, port), self.iqn(volume), **more)
        s.clear_attentions()
        return s

    def url(self, member, volume, port=3261):
        return f'iscsi://{self.net}.{member}:{port}/{self.iqn(volume)}/0'

    def bench(self, url, *words, wait=True):
        command = [str(BUILD / 'tools' / 'shoal-bench'), url, '--json', *words]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return finish_bench(child) if wait else child

    def sessions_of(self, name, by=1):
        """Of the initiator whose name ends so."""
        return [s for s in self.ctl(by, 'sessions') if s['initiator'].endswith(f':{name}')]

    def counters(self, member):
        return self.ctl(member, 'status')['counters']

    def metrics(self, member):
        with urllib.request.urlopen(f'http://{self.net}.{member}:3263/metrics', timeout=10) as answer:
            return answer.read().decode()

    def faults(self, member, **change):
        """Of a group that was started with --allow-faults: what that member does on purpose from now on."""
        order = urllib.request.Request(f'http://{self.net}.{member}:3263/faults', json.dumps(change).encode(), method='POST')
        with urllib.request.urlopen(order, timeout=10) as answer:
            return json.loads(answer.read())

    def owners(self, volume):
        """Page number -> member, as member 1 sees it."""
        m = self.ctl(1, 'map', volume)
        owners = [0] * m['pages']
        for run in m['runs']:
            for i in range(run['count']):
                owners[run['first'] + i * run.get('step', 1)] = run['member']
        return owners


def finish_bench(child, timeout=180):
    out, err = child.communicate(timeout=timeout)
    if not out.strip():
        raise AssertionError(f'shoal-bench: {err}')
    return json.loads(out)


def stored_bytes(store):
    """All that is in a store, as it lies there."""
    return Path(store).read_bytes()


class GroupTest(unittest.TestCase):
    """One group for all tests of the class."""
    arguments = ()
    members = 3

    @classmethod
    def setUpClass(cls):
        cls.group = Group(*cls.arguments, members=cls.members)

    @classmethod
    def tearDownClass(cls):
        cls.group.down()
