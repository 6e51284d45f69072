"""libiscsi's own test suite, whole, against a group through two members and against a disposable target: every test passes or is listed
in test/conformance/expectations.txt."""
import shutil
import sys
import unittest

from programs import Disposable
from support import Group, TOP

sys.path.append(str(TOP / 'test' / 'conformance'))
import libiscsi_suite
import verdict

TESTS = 230  # of Debian 12's version
AT_ONCE = 4  # volumes; some tests wait for an answer that must not come
SIZE = '256MiB'


@unittest.skipUnless(shutil.which(libiscsi_suite.TOOL), f'no {libiscsi_suite.TOOL}; install libiscsi-bin')
class LibiscsiSuite(unittest.TestCase):
    def test_passes_against_a_group_through_the_portals_of_two_members(self):
        names = [f'suite{i}' for i in range(AT_ONCE)]
        group = Group(*(word for name in names for word in ('--volume', f'{name}:{SIZE}:1MiB')))
        self.addCleanup(group.down)
        self.check([f'{group.url(1 + i % 3, name)}|{group.url(1 + (i + 1) % 3, name)}' for i, name in enumerate(names)])

    def test_passes_against_a_disposable_target(self):
        words = [word for i in range(AT_ONCE) for word in ('--volume', f'suite{i}:{SIZE}')]
        with Disposable(*words, '--durability', 'memory') as target:
            self.check(['|'.join([volume['url']] * 2) for volume in target.ready['volumes']])

    def check(self, volumes):
        suite = libiscsi_suite.Suite(libiscsi_suite.all_tests())
        suite.run(volumes)
        expected = verdict.expectations()
        print(verdict.summary(suite.results, expected))
        complaints = verdict.complaints(suite.results, suite.left_unusable, expected)
        self.assertFalse(complaints, '\n'.join(complaints))
        self.assertGreaterEqual(len(suite.results), TESTS)


if __name__ == '__main__':
    unittest.main()
