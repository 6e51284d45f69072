"""Sessions that are moved by hand, and members that are drained, under load and with everything that comes between."""
import json
import os
import re
import subprocess
import threading
import time
import unittest

from initiator import Dropped, LoginError, Session
from support import BUILD, FULL, PAGE, GroupTest, eventually, finish_bench

MOVES = 100 if FULL else 20
SIZE_BLOCKS = 12 * PAGE // 512


class Host(threading.Thread):
    """Writes and reads back, and comes again through member 1's group portal when it is told to go."""

    def __init__(self, group, volume, name, **more):
        super().__init__(daemon=True)
        self.group, self.name_ = group, f'iqn.2026-11.io.shoal:{name}'
        self.session = Session(group.address(1), group.iqn(volume), initiator=self.name_, **more)
        self.session.clear_attentions()
        self.stop, self.error, self.rounds, self.events = False, None, 0, []

    def run(self):
        try:
            while not self.stop:
                self.step()
        except Exception as error:  # for the test to see
            self.error = error

    def lba(self):
        return self.rounds * 8 % SIZE_BLOCKS

    def step(self):
        lba = self.lba()
        data = self.rounds.to_bytes(8, 'big') * 512
        try:
            self.session.write(lba, data)
            if self.session.read(lba, 8) != data:
                raise AssertionError(f'block {lba} is not as written in round {self.rounds}')
        except Dropped as dropped:
            self.events.append(str(dropped))
            self.session.close()
            self.session.login()
            self.session.clear_attentions()
            return
        self.rounds += 1

    def end(self):
        self.stop = True
        self.join(30)
        self.session.close()
        return self.error


def one_session(group, name):
    return eventually(lambda: group.sessions_of(name), 10, f'a session of {name}')[0]


class Moves(GroupTest):
    arguments = ('--volume', 'demo:12MiB:1MiB', '--volume', 'bench:64MiB:1MiB')

    def test_a_session_goes_where_it_is_sent_again_and_again_without_an_error(self):
        host = Host(self.group, 'demo', 'mover')
        host.start()
        for turn in range(6):
            here = one_session(self.group, 'mover')
            to = here['member'] % 3 + 1
            answer = self.group.ctl(turn % 3 + 1, 'session', 'move', here['id'], str(to))
            self.assertEqual((answer['from'], answer['to']), (here['member'], to))
            self.assertIn('s after its host was told', answer['message'])
            steps = [answer[f'{step}_ms'] for step in ('placed', 'quiet', 'told', 'arrived')]
            self.assertEqual(steps, sorted(steps))
            self.assertEqual(one_session(self.group, 'mover')['member'], to)
        rounds = host.rounds
        eventually(lambda: host.rounds > rounds, 5, 'I/O after the moves')
        self.assertIsNone(host.end())
        self.assertEqual(len(host.events), 6)

    def test_each_way_of_leaving_is_told_as_it_should_be(self):
        for how, events in ('close', [2]), ('logout', [2, 1]), ('polite', [1]):
            with self.subTest(how=how), Session(self.group.address(1), self.group.iqn('demo'),
                                                initiator=f'iqn.2026-11.io.shoal:way-{how}') as s:
                here = one_session(self.group, f'way-{how}')
                order = subprocess.Popen([str(BUILD / 'tools' / 'shoalctl'), '--control', f'{self.group.net}.2:3263', 'session',
                                          'move', here['id'], '--how', how], stdout=subprocess.DEVNULL)
                seen = []
                while len(seen) < len(events):
                    try:
                        s.receive_any()
                    except Dropped:
                        pass
                    seen = list(s.events)
                self.assertEqual(seen, events)
                if how != 'close':
                    s.logout()
                s.close()
                s.login()
                self.assertEqual(order.wait(20), 0)
                self.assertNotEqual(one_session(self.group, f'way-{how}')['member'], here['member'])

    def test_libiscsi_under_load_with_verify_does_not_notice(self):
        load = self.group.bench(self.group.url(1, 'bench', 3260), '--verify', '--pattern', 'randrw', '--seconds',
                                str(MOVES * 0.8 + 4), '--depth', '8', wait=False)
        for _ in range(MOVES):
            here = eventually(self.bench_session, 10, 'the session of the load')
            answer = self.group.ctl(1, 'session', 'move', here['id'])
            self.assertNotEqual(answer['to'], here['member'])
        result = finish_bench(load)
        self.assertEqual(result['failed'], 0, result)
        self.assertEqual(result['wrong'], 0, result)

    def bench_session(self):
        found = [s for s in self.group.ctl(1, 'sessions') if s['volume'] == 'bench']
        return found[0] if len(found) == 1 else None

    def test_of_two_moves_at_once_one_wins_and_the_other_is_told(self):
        with Session(self.group.address(1), self.group.iqn('demo'), initiator='iqn.2026-11.io.shoal:twice') as s:
            here = one_session(self.group, 'twice')
            a, b = [m for m in (1, 2, 3) if m != here['member']]
            orders = [subprocess.Popen([str(BUILD / 'tools' / 'shoalctl'), '--control', f'{self.group.net}.{m}:3263', 'session',
                                        'move', here['id'], str(m)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                      for m in (a, b)]
            loser = eventually(lambda: [o for o in orders if o.poll()], 5, 'the order that loses')
            self.assertEqual(len(loser), 1)
            self.assertRegex(loser[0].communicate()[1], 'is being moved to member [123] already|is being sent away')
            with self.assertRaises(Dropped):
                s.receive_any()
                s.receive_any()
            s.close()
            s.login()
            winner = orders[0] if loser[0] is orders[1] else orders[1]
            self.assertEqual(winner.wait(20), 0)
            winner.communicate()

    def test_a_host_that_came_to_a_member_portal_by_itself_is_moved_only_by_force(self):
        with self.group.session(2, 'demo', initiator='iqn.2026-11.io.shoal:direct'):
            here = one_session(self.group, 'direct')
            self.assertEqual(here['came'], 'member portal')
            said = self.group.ctl(1, 'session', 'move', here['id'], check=False)
            self.assertRegex(said, 'came to the member portal .* by itself.*--force')
        with Session(self.group.address(1), self.group.iqn('demo'), initiator='iqn.2026-11.io.shoal:sent') as s:
            here = one_session(self.group, 'sent')
            self.assertEqual(here['came'], 'redirect' if s.redirects else 'group portal')

    def test_wrong_orders_say_what_is_wrong(self):
        with Session(self.group.address(1), self.group.iqn('demo'), initiator='iqn.2026-11.io.shoal:orders'):
            here = one_session(self.group, 'orders')
            for words, says in ([here['id'], '9'], 'no member 9'), ([here['id'], str(here['member'])], 'is at member'), \
                    (['1-999999'], 'no session 1-999999'), (['x'], 'not a session'), ([here['id'], '--how', 'gone'], 'close or logout or polite'):
                self.assertRegex(self.group.ctl(1, 'session', 'move', *words, check=False), says)

    def test_a_host_that_comes_back_from_another_address_finds_its_place(self):
        with Session(self.group.address(1), self.group.iqn('demo'), initiator='iqn.2026-11.io.shoal:roams',
                     source=f'{self.group.net}.101') as s:
            here = one_session(self.group, 'roams')
            order = subprocess.Popen([str(BUILD / 'tools' / 'shoalctl'), '--control', f'{self.group.net}.1:3263', 'session',
                                      'move', here['id']], stdout=subprocess.DEVNULL)
            with self.assertRaises(Dropped):
                s.receive_any()
                s.receive_any()
            s.close()
            s.source = (f'{self.group.net}.102', 0)
            s.login()
            self.assertEqual(order.wait(20), 0)
            self.assertNotEqual(one_session(self.group, 'roams')['member'], here['member'])

    def test_metrics_count_moves(self):
        text = ''.join(self.group.metrics(m) for m in (1, 2, 3))
        for name in 'moves_begun', 'moves_arrived', 'moves_failed', 'places_kept', 'ignored_redirects':
            self.assertRegex(text, rf'shoal_{name}_total \d')


class MembersComeAndGo(GroupTest):
    arguments = ('--volume', 'demo:12MiB:1MiB')

    def test_a_member_is_drained_under_load_and_hosts_come_back_after(self):
        hosts = [Host(self.group, 'demo', f'load{i}', isid=0x800000000100 + i) for i in range(6)]
        for host in hosts:
            host.start()
        direct = self.group.session(2, 'demo', initiator='iqn.2026-11.io.shoal:direct')
        answer = self.group.ctl(3, 'member', 'drain', '2')
        self.assertEqual(len(answer['waits_for']), 1)
        eventually(lambda: not [s for s in self.at(2) if s['came'] != 'member portal'], 20, 'the drain')
        note = eventually(lambda: self.listed_as(2, 'draining'), 20, 'the drain as member 1 sees it')
        self.assertIn(answer['waits_for'][0], note['note'])
        with self.assertRaises(LoginError) as refused:
            Session(self.group.address(2, 3261), self.group.iqn('demo'), initiator='iqn.2026-11.io.shoal:late')
        self.assertEqual(refused.exception.status, 0x0301)

        self.group.ctl(1, 'member', 'drain', '2', '--force')
        with self.assertRaises(Dropped):
            direct.receive_any()
            direct.receive_any()
        direct.close()
        eventually(lambda: not self.at(2), 10, 'an empty member')
        self.assertIn('drained', next(m for m in self.group.ctl(2, 'member', 'list') if m['id'] == 2)['note'])
        for i in range(4):  # none of them is placed there, though it is the portal that they ask
            with Session(self.group.address(2), self.group.iqn('demo'), initiator=f'iqn.2026-11.io.shoal:new{i}') as s:
                self.assertNotEqual(s.address[0], self.group.address(2)[0])
        for host in hosts:
            self.assertIsNone(host.end())

        self.group.script('member', '2', 'stop')
        self.group.script('member', '2', 'start')
        eventually(lambda: self.listed_as(2, 'draining'), 20, 'the drain after a restart')
        self.group.ctl(1, 'member', 'undrain', '2')
        with eventually(lambda: self.back_at(2), 10, 'a host at member 2 again'):
            pass

    def test_a_member_is_added_under_load(self):
        host = Host(self.group, 'demo', 'meanwhile')
        host.start()
        written = os.path.join(self.group.directory, 'member4.json')
        said = self.group.ctl(1, 'member', 'add', '3', f'{self.group.net}.4', check=False)
        self.assertIn('there is a member 3 already', said)
        with open(written, 'w') as file:
            config = self.group.ctl(1, 'member', 'add', '4', f'{self.group.net}.4')
            json.dump(config | {'store': os.path.join(self.group.directory, 'store4')}, file)
        with open(os.path.join(self.group.directory, 'log4'), 'wb') as log:
            added = subprocess.Popen([str(BUILD / 'tools' / 'shoald'), '--config', written], stdin=subprocess.DEVNULL, stderr=log)
        try:
            with eventually(lambda: self.back_at(4), 30, 'a host at the new member'):
                self.assertEqual(len(self.group.ctl(2, 'member', 'list')), 4)
            self.assertIsNone(host.end())
        finally:
            added.terminate()
            self.assertEqual(added.wait(30), 0)

    def at(self, member):
        return [s for s in self.group.ctl(1, 'sessions') if s['member'] == member]

    def listed_as(self, member, state):
        return next((m for m in self.group.ctl(1, 'member', 'list') if m['id'] == member and m['state'] == state), None)

    def back_at(self, member):
        s = Session(self.group.address(1), self.group.iqn('demo'), initiator=f'iqn.2026-11.io.shoal:back{time.monotonic_ns()}')
        if s.address[0] == self.group.address(member)[0]:
            return s
        s.close()
        return None


if __name__ == '__main__':
    unittest.main()
