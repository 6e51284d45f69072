"""Sessions that follow the load by themselves, and the records of why they did, or did not."""
import json
import os
import tempfile
import threading
import time
import unittest
from pathlib import Path

from hosts import Hosts
from initiator import Dropped, Session
from support import GroupTest, eventually

MEMBERS = (1, 2, 3)
BUSY = 300  # requests/s: three such hosts are far above what the balancer cares for


class BalanceTest(GroupTest):
    arguments = ('--volume', 'v:48MiB:1MiB', '--durability', 'memory')

    def sessions(self, name):
        return {s['initiator']: s for s in self.group.ctl(1, 'sessions') if f':{name}' in s['initiator']}

    def decisions(self, *words):
        return self.group.ctl(2, 'decisions', *words)['decisions']

    def hosts(self, count, name, member=1, port=3260, rate=0.2):
        return Hosts(self.group.url(member, 'v', port), count, name, rate=rate)

    def together(self, hosts):
        """Two hosts at one member: which, and where."""
        sessions = eventually(lambda: len(self.sessions(hosts.name)) == hosts.count and self.sessions(hosts.name), 10, 'all sessions')
        at = [sessions[name]['member'] for name in hosts.initiators()]
        member = next(m for m in MEMBERS if at.count(m) > 1)
        return [i for i in range(hosts.count) if at[i] == member][:2], member

    def where(self, hosts, these):
        sessions = self.sessions(hosts.name)
        return [sessions[name]['member'] for name in (hosts.initiators()[i] for i in these) if name in sessions]


class Moves(BalanceTest):
    def test_busy_sessions_of_one_member_spread_by_themselves_and_why_tells_the_decision(self):
        with self.hosts(6, 'skewed') as hosts:
            two, member = self.together(hosts)
            for host in two:
                hosts.set_rate(host, BUSY)
            eventually(lambda: len(set(self.where(hosts, two))) == 2, 40, 'the two busy sessions at two members')
            self.assertEqual(hosts.failed(), 0)
            moved = next(d for d in self.decisions() if d['kind'] == 'move' and d['initiator'] in hosts.initiators())
            self.assertEqual((moved['reason'], moved['member'], moved['observed']), ('over-utilised', member, False))
            self.assertGreater(moved['inputs']['members'][member - 1]['share'], 0.5)
            chosen = moved['alternatives'][0]
            self.assertEqual((chosen['session'], chosen['member']), (moved['session'], moved['choice']))
            eventually(lambda: any('pause_s' in d.get('outcome', {}) for d in self.decisions()), 20, 'the outcome')
            now = self.sessions(hosts.name)[moved['initiator']]
            self.assertEqual(now['member'], moved['choice'])
            why = self.group.ctl(3, 'why', 'session', now['id'])
            self.assertEqual([d['choice'] for d in why['decisions'] if d['kind'] == 'allocate'], [member])
            self.assertIn((moved['member'], moved['number']), [(d['member'], d['number']) for d in why['decisions']])
            self.assertEqual(why['session']['initiator'], moved['initiator'])
            self.assertRegex(self.group.metrics(member), r'shoal_moves_total\{reason="over-utilised"\} [1-9]')

    def test_an_order_by_hand_is_a_decision_too(self):
        with Session(self.group.address(1), self.group.iqn('v'), initiator='iqn.2026-11.io.shoal:by-hand') as s:
            here = eventually(lambda: self.sessions('by-hand'), 10, 'the session')['iqn.2026-11.io.shoal:by-hand']
            mover = threading.Thread(target=self.group.ctl, args=(1, 'session', 'move', here['id']))
            mover.start()
            with self.assertRaises(Dropped):
                s.receive_any()
                s.receive_any()
            s.close()
            s.login()
            mover.join()
            why = self.group.ctl(1, 'why', 'session', here['id'])['decisions'][-1]
            self.assertEqual((why['kind'], why['reason'], why['session']), ('move', 'by-hand', here['id']))
            self.assertIn('pause_s', why['outcome'])

    def test_what_is_asked_wrongly_is_told(self):
        self.assertIn('no session 1-999999', self.group.ctl(1, 'why', 'session', '1-999999', check=False))
        self.assertIn('not a session', self.group.ctl(1, 'why', 'session', 'x', check=False))

    def test_a_trace_is_recorded_and_replayed_without_a_group(self):
        with tempfile.TemporaryDirectory() as folder, self.hosts(3, 'traced', rate=50):
            trace = os.path.join(folder, 'trace.jsonl')
            self.assertEqual(self.group.ctl(1, 'load', 'record', trace, '--for', '3')['seconds'], 3)
            last = json.loads(Path(trace).read_text().splitlines()[-1])
            self.assertEqual(sum(':traced' in s['initiator'] for s in last['sessions']), 3)
            replayed = self.group.ctl(1, 'load', 'replay', trace, '--policy', 'weighted')
            self.assertEqual((replayed['seconds'], replayed['policy']), (3, 'weighted'))
            self.assertIn('exists', self.group.ctl(1, 'load', 'record', trace, '--for', '3', check=False))


class Observed(BalanceTest):
    def test_observing_decides_and_moves_nothing_until_it_may_act(self):
        self.group.ctl(1, 'load', 'balance', 'observe')
        with self.hosts(6, 'observed') as hosts:
            two, member = self.together(hosts)
            for host in two:
                hosts.set_rate(host, BUSY)
            decided = eventually(lambda: [d for d in self.decisions() if d['kind'] == 'move' and d['initiator'] in hosts.initiators()],
                                 40, 'a decision to move')
            self.assertTrue(all(d['observed'] and 'outcome' not in d for d in decided))
            time.sleep(3)
            self.assertEqual(self.where(hosts, two), [member, member])
            self.group.ctl(3, 'load', 'balance', 'act')
            eventually(lambda: len(set(self.where(hosts, two))) == 2, 60, 'the two busy sessions at two members')
            why = self.group.ctl(2, 'why', 'session', self.sessions(hosts.name)[decided[0]['initiator']]['id'])['decisions']
            self.assertEqual(why[0]['kind'], 'allocate')
            self.assertEqual(why[0]['choice'], member)


class Stays(BalanceTest):
    def test_hosts_that_came_to_a_member_portal_by_themselves_are_never_shed(self):
        with self.hosts(2, 'direct', member=2, port=3261, rate=BUSY):
            held = eventually(lambda: self.left_alone('direct'), 30, 'the decision to leave them')
            self.assertTrue(all('by itself' in a['note'] for a in held[-1]['alternatives']))
            time.sleep(3)
            self.assertEqual({s['member'] for s in self.sessions('direct').values()}, {2})

    def test_a_nexus_that_lost_its_connection_twice_is_left_alone(self):
        hosts = [Flapping(self.group, f'flapping{i}') for i in range(4)]  # two of them are at one member
        at = [host.session.address[0] for host in hosts]
        pair = [host for host in hosts if host.session.address[0] == max(at, key=at.count)][:2]
        for host in hosts:
            self.addCleanup(host.end)
            if host not in pair:
                host.session.close()
        for host in pair:
            host.lose_twice()
            host.start()
        held = eventually(lambda: self.left_alone('flapping'), 30, 'the decision to leave them')
        self.assertEqual({a['note'] for a in held[-1]['alternatives']}, {'lost its connection twice within 60 s'})
        self.assertEqual(len({s['member'] for s in self.sessions('flapping').values()}), 1)
        for host in pair:
            self.assertIsNone(host.end())

    def left_alone(self, name):
        """Decisions that found no session that may move, these among them."""
        ids = {s['id'] for s in self.sessions(name).values()}
        return [d for d in self.decisions() if d['reason'] == 'none-may-move' and ids & {a.get('session') for a in d['alternatives']}]


class Flapping(threading.Thread):
    """A host that keeps its ISID, asks for a block again and again, and is not to be told to go."""

    def __init__(self, group, name):
        super().__init__(daemon=True)
        self.session = Session(group.address(1), group.iqn('v'), initiator=f'iqn.2026-11.io.shoal:{name}')
        self.stop, self.error = threading.Event(), None

    def lose_twice(self):
        for _ in range(2):
            self.session.close()
            self.session.login()
        self.session.clear_attentions()

    def run(self):
        try:
            while not self.stop.wait(0.003):
                self.session.read(0, 8)
        except Exception as error:  # for the test to see
            self.error = error

    def end(self):
        self.stop.set()
        if self.is_alive():
            self.join(30)
        self.session.close()
        return self.error


if __name__ == '__main__':
    unittest.main()
