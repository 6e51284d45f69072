"""The judge of libiscsi's suite: what it lets pass, and what not."""
import sys
import unittest

from support import TOP

sys.path.append(str(TOP / 'test' / 'conformance'))
import verdict

EXPECTED = {'Eject.Simple': ('skips', 'fixed'), 'Reset.Racy': ('faulty', 'wrong'), 'Text.Waits': ('endless', 'wrong')}


def complaints(name, outcome):
    return verdict.complaints({name: (outcome, '')}, [], EXPECTED)


class Verdict(unittest.TestCase):
    def test_what_is_not_listed_must_pass(self):
        self.assertEqual(complaints('ALL.Read10.Simple', 'passed'), [])
        for outcome in ('failed', 'skipped', 'timeout', 'error', 'notrun', 'targetdead'):
            self.assertEqual(complaints('ALL.Read10.Simple', outcome), [f'ALL.Read10.Simple: {outcome}'])

    def test_what_is_listed_as_skipped_must_be_skipped(self):
        self.assertEqual(complaints('iSCSI.Eject.Simple', 'skipped'), [])
        self.assertIn('"skips: fixed"', complaints('iSCSI.Eject.Simple', 'passed')[0])
        self.assertEqual(len(complaints('iSCSI.Eject.Simple', 'failed')), 1)

    def test_a_faulty_test_may_fail_but_not_hang_unless_it_is_known_to(self):
        self.assertEqual(complaints('ALL.Reset.Racy', 'failed'), [])
        self.assertEqual(len(complaints('ALL.Reset.Racy', 'timeout')), 1)
        self.assertEqual(complaints('ALL.Text.Waits', 'timeout'), [])

    def test_a_target_that_was_left_unusable_is_told_even_where_the_test_is_listed(self):
        left = verdict.complaints({'ALL.Reset.Racy': ('failed', '')}, ['ALL.Reset.Racy'], EXPECTED)
        self.assertEqual(left, ['ALL.Reset.Racy: left the target unusable'])

    def test_each_list_can_be_read_and_names_each_test_once(self):
        for file in verdict.LISTS['newest']:
            names = [name for name, *_ in verdict.parse((verdict.HERE / file).read_text(), file)]
            self.assertEqual(sorted(set(names)), sorted(names))

    def test_the_newest_list_has_the_last_word(self):
        self.assertNotIn('CompareAndWrite.InvalidDataOutSize', verdict.expectations('debian'))
        self.assertEqual(verdict.expectations('newest')['CompareAndWrite.InvalidDataOutSize'][0], 'faulty')


if __name__ == '__main__':
    unittest.main()
