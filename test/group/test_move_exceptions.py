"""What may come between while a session is moved, each with real processes. (The simulation has them under load:
test/unit/sim_group/moves_test.cpp.)"""
import subprocess
import unittest

from initiator import Dropped, Session
from support import BUILD, GroupTest, eventually
from test_moves import one_session

INITIATOR = 'iqn.2026-11.io.shoal:'


class Exceptions(GroupTest):
    arguments = ('--volume', 'demo:12MiB:1MiB')

    def host(self, name):
        s = Session(self.group.address(1), self.group.iqn('demo'), initiator=INITIATOR + name)
        self.addCleanup(s.close)
        s.clear_attentions()
        return s

    def order(self, name, *words, by=1):
        """The order to move that host's session; yields it while it is carried out, and where the session is."""
        here = one_session(self.group, f'{name}')
        order = subprocess.Popen([str(BUILD / 'tools' / 'shoalctl'), '--control', f'{self.group.net}.{by}:3263', 'session', 'move',
                                  here['id'], *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return order, here['member']

    def is_told(self, s):
        """The host hears that it is to come again."""
        with self.assertRaises(Dropped):
            while True:
                s.receive_any()
        s.close()

    def ends(self, order, status=0):
        out, err = order.communicate(timeout=70)
        self.assertEqual(order.returncode, status, out + err)
        return out + err

    def test_no_logout_in_time_and_the_session_is_dropped_and_moved_all_the_same(self):
        s = self.host('deaf')
        order, was_at = self.order('deaf', '--how', 'polite')
        self.is_told(s)
        self.assertEqual(s.events, [1, 2])
        s.login()
        self.ends(order)
        self.assertNotEqual(one_session(self.group, 'deaf')['member'], was_at)

    def test_the_destination_dies_after_its_host_was_sent_there_and_the_host_is_sent_elsewhere(self):
        s = self.host('widow')
        was_at = one_session(self.group, 'widow')['member']
        to, third = [m for m in (1, 2, 3) if m != was_at]
        order, _ = self.order('widow', str(to), by=third)
        self.is_told(s)
        s.portal, s.follow, s.redirects = self.group.address(third), False, []
        s.login()
        self.assertEqual(s.redirects, [self.group.address(to, 3261)])
        self.group.script('member', str(to), 'kill')
        try:
            s.follow, s.redirects = True, []
            s.login()
            self.assertNotEqual(s.address[0], self.group.address(to)[0])
            self.ends(order)
        finally:
            self.group.script('member', str(to), 'start')
        others = [m for m in (1, 2, 3) if m != to]
        eventually(lambda: all(m['state'] in ('self', 'up') for by in others for m in self.group.ctl(by, 'member', 'list')), 20)
        s.clear_attentions()
        s.read(0, 8)

    def test_the_host_comes_back_with_another_isid(self):
        s = self.host('renamed')
        order, was_at = self.order('renamed')
        self.is_told(s)
        s.isid += 1
        s.login()
        self.ends(order)
        self.assertNotEqual(one_session(self.group, 'renamed')['member'], was_at)

    def test_the_host_ignores_its_redirect_and_is_served_where_it_asks(self):
        s = self.host('stubborn')
        was_at = one_session(self.group, 'stubborn')['member']
        to, third = [m for m in (1, 2, 3) if m != was_at]
        order, _ = self.order('stubborn', str(to))
        self.is_told(s)
        s.portal, s.follow = self.group.address(third), False
        for turn in range(1, 4):
            s.redirects = []
            s.login()
            self.assertEqual(s.redirects, [self.group.address(to, 3261)], f'login {turn}')
        s.redirects = []
        s.login()
        self.assertEqual((s.redirects, s.address), ([], self.group.address(third)))
        s.clear_attentions()
        s.read(0, 8)
        self.assertEqual(one_session(self.group, 'stubborn')['member'], third)
        self.assertIn(f'is at member {third}', self.ends(order))
        self.assertGreater(self.ignored(third), 0)

    def ignored(self, member):
        line = next(line for line in self.group.metrics(member).splitlines() if line.startswith('shoal_ignored_redirects_total'))
        return float(line.split()[-1])

    def test_metadata_are_away_and_the_session_stays(self):
        s = self.host('patient')
        was_at = one_session(self.group, 'patient')['member']
        self.group.script('etcd', 'stop')
        try:
            eventually(lambda: not self.group.ctl(was_at, 'status')['metadata']['reachable'], 30, 'metadata out of reach')
            order, _ = self.order('patient', by=was_at)
            self.assertIn('metadata are out of reach', self.ends(order, 1))
            s.write(0, bytes(4096))
            self.assertEqual(s.events, [])
        finally:
            self.group.script('etcd', 'start')
        eventually(lambda: all(self.group.ctl(m, 'status')['metadata']['reachable'] for m in (1, 2, 3)), 30, 'metadata in reach')
        self.assertEqual(one_session(self.group, 'patient')['member'], was_at)


if __name__ == '__main__':
    unittest.main()
