"""Where logins are placed: by policy, apart from their like, by pins; and rules that hold for the whole group at once."""
import time
import unittest

from initiator import Session
from support import GroupTest, eventually

MEMBERS = (1, 2, 3)
REPORTS = 3  # that show what has become of a login


class Allocation(GroupTest):
    arguments = ('--volume', 'demo:12MiB:1MiB', '--volume', 'other:12MiB:1MiB')

    def setUp(self):
        self.sessions = []
        self.group.wait_until_heard()
        eventually(lambda: not any(self.counted().values()), 15, 'members without sessions')
        self.periods_pass(REPORTS, 'the end of what was expected of earlier logins')
        self.order('policy', 'least-loaded')

    def tearDown(self):
        for session in self.sessions:
            session.logout()
            session.close()
        for pin in self.group.ctl(1, 'load', 'rules')['pins']:
            self.order('unpin', pin['initiator'], *(['--volume', pin['volume']] if 'volume' in pin else []))

    def counted(self):
        """Sessions of each member as its reports say."""
        return {each['member']: each['inputs']['server']['sessions'] for each in self.group.ctl(1, 'load')['members']}

    def told(self):
        """The newest report of each member that members 1, 2 and 3 have."""
        views = [{each['member']: each['sequence'] for each in self.group.ctl(m, 'load')['members']} for m in MEMBERS]
        return {(m, of): views[m - 1][of] for m in MEMBERS for of in MEMBERS}

    def periods_pass(self, count, what):
        told = self.told()
        eventually(lambda: all(n > told[m] + count for m, n in self.told().items()), 15, what)

    def order(self, *words, at=1):
        """An order about load, in force at every member."""
        rules = self.group.ctl(at, 'load', *words)
        begun = time.monotonic()
        eventually(lambda: all(self.group.ctl(m, 'load', 'rules') == rules for m in MEMBERS), 5, f'{words} at every member')
        return time.monotonic() - begun

    def log_in(self, name, portal=1, volume='demo', **more):
        """The member that serves it."""
        session = Session(self.group.address(portal), self.group.iqn(volume), initiator=f'iqn.2026-11.io.shoal:{name}', **more)
        self.sessions.append(session)
        return int(session.address[0].rsplit('.', 1)[1])

    def assert_even(self, members):
        counts = {m: members.count(m) for m in MEMBERS}
        self.assertTrue(all(9 <= n <= 11 for n in counts.values()), counts)

    def test_thirty_logins_of_thirty_initiators_through_one_portal_are_even(self):
        self.assert_even([self.log_in(f'one-{i}') for i in range(30)])

    def test_thirty_logins_of_thirty_initiators_through_all_portals_in_a_row_are_even(self):
        self.assert_even([self.log_in(f'row-{i}', portal=1 + i % 3) for i in range(30)])

    def test_round_robin_takes_one_member_after_the_other_and_leaves_out_who_drains(self):
        self.order('policy', 'round-robin')
        self.assertEqual([self.log_in(f'turn-{i}', portal=2) for i in range(6)], [2, 3, 1, 2, 3, 1])
        self.group.ctl(1, 'member', 'drain', '3')
        self.addCleanup(self.group.ctl, 1, 'member', 'undrain', '3')
        eventually(lambda: self.group.ctl(2, 'load')['members'][2].get('draining'), 5, 'the drain at member 2')
        self.assertEqual([self.log_in(f'fewer-{i}', portal=2) for i in range(4)], [2, 1, 2, 1])

    def test_sessions_of_one_host_to_one_volume_are_never_at_one_member(self):
        for policy in 'least-loaded', 'round-robin', 'weighted', 'affinity':
            self.order('policy', policy)
            for i in range(4):
                portals = (1, 1) if i % 2 else (1, 2)  # one portal, or two that must hear of each other
                first, second = (self.log_in(f'twice-{policy}-{i}', portal=portal, isid=0x800000000010 + n)
                                 for n, portal in enumerate(portals))
                self.assertNotEqual(first, second, policy)
        self.log_in('thrice', volume='demo', isid=0x800000000010)
        self.assertEqual({self.log_in('all', isid=0x800000000010 + n) for n in range(3)}, set(MEMBERS))

    def test_a_pin_beats_the_policy_and_is_taken_back(self):
        self.order('pin', 'iqn.2026-11.io.shoal:db*', '3')
        self.order('pin', 'iqn.2026-11.io.shoal:db*', '2', '--volume', 'other', at=2)
        for portal in MEMBERS:
            self.assertEqual(self.log_in(f'db{portal}', portal=portal), 3)
            self.assertEqual(self.log_in(f'db{portal}', portal=portal, volume='other'), 2)
        self.order('unpin', 'iqn.2026-11.io.shoal:db*')
        self.assertEqual({self.log_in(f'dba{i}') for i in range(6)}, set(MEMBERS))

    def test_a_change_is_in_force_at_all_members_within_a_second(self):
        for policy in 'weighted', 'least-loaded', 'round-robin':
            self.assertLess(self.order('policy', policy, at=2), 1)
            self.assertEqual({self.group.ctl(m, 'load', 'rules')['policy'] for m in MEMBERS}, {policy})

    def test_a_weight_shows_in_every_picture_and_more_sessions_go_there(self):
        self.order('weight', '2', '4')
        self.addCleanup(self.order, 'weight', '2', '1')
        weight = lambda at: self.group.ctl(at, 'load')['members'][1]['inputs']['weight']
        eventually(lambda: all(weight(at) == 4 for at in MEMBERS), 5, 'the weight of member 2 in every picture')
        self.periods_pass(0, 'a period that has ended since: logins are placed by its picture')
        at = [self.log_in(f'weighed-{i}') for i in range(18)]
        self.assertEqual([at.count(m) for m in MEMBERS], [3, 12, 3])

    def test_wrong_orders_say_in_one_line_what_is_wrong(self):
        for words, says in (['policy', 'best'], 'least-loaded, round-robin, weighted and affinity'), (['policy', 'none'], 'configuration'), \
                (['balance', 'on'], 'off, observe and act'), (['weight', '9', '1'], 'no member 9'), (['weight', '1', '0'], '0.001 to 1000'), \
                (['pin', 'iqn.x', '1', '--volume', 'nope'], 'no volume "nope"'), (['pin', 'a/b', '1'], 'no initiator name'), \
                (['unpin', 'iqn.x'], 'no such pin'):
            said = self.group.ctl(1, 'load', *words, check=False)
            self.assertRegex(said, f'^shoalctl: {words[0]}: .*{says}')
            self.assertEqual(said.count('\n'), 1)

    def test_rules_outlive_a_restart(self):
        self.order('balance', 'observe')
        self.addCleanup(self.order, 'balance', 'act')
        self.group.script('member', '3', 'stop')
        self.group.script('member', '3', 'start')
        self.assertEqual(self.group.ctl(3, 'load', 'rules')['balance'], 'observe')


class ServedWhereAsked(GroupTest):
    arguments = ('--volume', 'demo:12MiB:1MiB', '--redirect', 'none')

    def test_with_the_policy_none_in_their_configuration_members_serve_who_comes_to_them(self):
        self.group.ctl(1, 'load', 'policy', 'round-robin')
        self.assertEqual(self.group.ctl(1, 'load', 'rules')['policy'], 'none')
        for portal in MEMBERS:
            with Session(self.group.address(portal), self.group.iqn('demo'), initiator=f'iqn.2026-11.io.shoal:at-{portal}') as s:
                self.assertEqual(s.address, self.group.address(portal))


if __name__ == '__main__':
    unittest.main()
