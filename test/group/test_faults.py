"""Members that die, forget or lose their metadata."""
import os
import subprocess
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from initiator import Dropped, ScsiError, Session
from support import BUILD, FULL, PAGE, GroupTest, eventually, finish_bench

PAGES = 12
NOT_READY_SOON = (2, 4, 1)
NOT_READY_LOST = (2, 4, 0x0c)


def page_of(owners, member, skip=0):
    return [p for p, owner in enumerate(owners) if owner == member][skip]


def lba(page):
    return page * PAGE // 512


def fill(session, pages=PAGES):
    data = {p: os.urandom(4096) for p in range(pages)}
    for p, block in data.items():
        session.write(lba(p), block)
    session.flush()
    return data


def up(group, member):
    """The member is linked to the others again."""
    other = 1 if member != 1 else 2
    eventually(lambda: any(m['id'] == member and m['state'] == 'up' for m in group.ctl(other, 'member', 'list')), 20,
               f'member {member} seen by member {other}')


class Death(GroupTest):
    arguments = ('--volume', f'demo:{PAGES}MiB:1MiB', '--durability', 'writeback')

    def test_a_killed_members_pages_wait_then_are_not_ready_and_the_rest_is_served(self):
        owners = self.group.owners('demo')
        with self.group.session(1, 'demo') as s:
            data = fill(s)
            self.group.script('member', '3', 'kill')
            begun = time.monotonic()
            s.start(b'\x88\0' + lba(page_of(owners, 3)).to_bytes(8, 'big') + b'\0\0\0\x08\0\0', expect=4096)
            with self.assertRaises(ScsiError) as caught:
                s.finish()
            waited = time.monotonic() - begun
            self.assertEqual(caught.exception.code, NOT_READY_SOON)
            self.assertGreater(waited, 5)
            self.assertLess(waited, 9.5)
            for member in (1, 2):
                self.assertEqual(s.read(lba(page_of(owners, member)), 8), data[page_of(owners, member)])
            s.ping()
            self.group.script('member', '3', 'start')
            for page, block in data.items():                # held until the link is there again
                self.assertEqual(s.read(lba(page), 8), block)
        up(self.group, 3)

    def test_commands_in_flight_survive_a_restart_that_is_quicker_than_the_hold(self):
        load = self.group.bench(self.group.url(2, 'demo'), '--verify', '--seconds', '6', '--depth', '8', wait=False)
        time.sleep(1.5)
        self.group.script('member', '3', 'kill')
        self.group.script('member', '3', 'start')
        result = finish_bench(load)
        self.assertEqual(result['failed'], 0, result['first_problem'])
        self.assertLess(result['max_us'], 9_000_000)
        up(self.group, 3)

    def test_the_whole_group_restarts_with_volumes_map_identity_and_data(self):
        with self.group.session(2, 'demo') as s:
            data, identity, map_before = fill(s), s.inquiry(0x83), self.group.ctl(1, 'map', 'demo')
        self.group.script('down', '--keep')
        self.group.script('up')
        with self.group.session(3, 'demo') as s:
            self.assertEqual(s.inquiry(0x83), identity)
            for page, block in data.items():
                self.assertEqual(s.read(lba(page), 8), block)
        self.assertEqual(self.group.ctl(2, 'map', 'demo')['hash'], map_before['hash'])

    def test_etcd_may_be_away_under_load_and_own_hosts_come_back(self):
        seconds = 60 if FULL else 20
        s = self.group.session(2, 'demo', initiator='iqn.2026-11.io.shoal:back')
        load = self.group.bench(self.group.url(1, 'demo'), '--verify', '--seconds', str(seconds + 4), '--depth', '8', wait=False)
        time.sleep(1)
        self.group.script('etcd', 'stop')
        ended = time.monotonic() + seconds
        s.close()
        again = self.group.session(2, 'demo', initiator='iqn.2026-11.io.shoal:back')
        through_group = Session(self.group.address(1), again.target, initiator='iqn.2026-11.io.shoal:back')
        self.assertEqual(through_group.address, self.group.address(2, 3261))
        again.close()
        through_group.clear_attentions()
        through_group.read(0, 8)
        eventually(lambda: not self.group.ctl(1, 'status')['metadata']['reachable'], 15, 'metadata out of reach')
        self.assertIn('nothing was done', str(self.group.ctl(1, 'volume', 'create', 'late', '8MiB', check=False)))
        while time.monotonic() < ended:
            through_group.ping()
            time.sleep(0.5)
        self.group.script('etcd', 'start')
        result = finish_bench(load)
        self.assertEqual((result['failed'], result['wrong']), (0, 0), result['first_problem'])
        self.assertLess(result['max_us'], 2_000_000)
        through_group.close()
        eventually(lambda: self.group.ctl(1, 'status')['metadata']['reachable'], 15, 'metadata reachable')
        self.assertNotIn('late', [v['name'] for v in self.group.ctl(1, 'volume', 'list')])

    def test_a_deleted_volumes_data_never_appear_in_one_of_the_same_name(self):
        self.group.create('again', f'{PAGES}MiB')
        with self.group.session(1, 'again') as s:
            fill(s)
        eventually(lambda: not [x for x in self.group.ctl(1, 'sessions') if x['volume'] == 'again'], 10, 'the session to be gone')
        self.group.script('member', '3', 'kill')
        self.group.ctl(1, 'volume', 'delete', 'again')
        self.group.create('again', f'{PAGES}MiB', living=(1, 2))
        self.group.script('member', '3', 'start')
        up(self.group, 3)
        with self.group.session(2, 'again') as s:
            for page in range(PAGES):
                try:
                    self.assertEqual(s.read(lba(page), 8), bytes(4096))
                except ScsiError as error:
                    self.assertEqual(error.code[0], 2)

    def test_delete_is_refused_while_a_session_exists(self):
        self.group.create('busy', '8MiB')
        with self.group.session(2, 'busy'):
            answer = self.group.ctl(1, 'volume', 'delete', 'busy', check=False)
            self.assertIn('session', str(answer))
        eventually(lambda: isinstance(self.group.ctl(1, 'volume', 'delete', 'busy', check=False), dict), 10, 'the delete')

    def test_a_member_that_is_stopped_sends_its_hosts_elsewhere_first(self):
        owners = self.group.owners('demo')
        host = dict(target=self.group.iqn('demo'), initiator='iqn.2026-11.io.shoal:stays')
        self.group.ctl(1, 'load', 'pin', host['initiator'], '3')
        members = lambda: self.group.ctl(1, 'load')['members']
        eventually(lambda: members()[2]['heard'], 10, 'a report of member 3')
        period = members()[0].get('sequence', 0)
        eventually(lambda: members()[0].get('sequence', 0) > period, 10, 'the period from which on member 1 goes by that')
        s = Session(self.group.address(1), **host)
        self.assertEqual(s.address, self.group.address(3, 3261))
        with ThreadPoolExecutor(1) as operator:
            stopping = operator.submit(self.group.script, 'member', '3', 'stop')
            with self.assertRaisesRegex(Dropped, 'event 2'):
                while True:
                    s.receive_any()
            s.close()
            with Session(self.group.address(1), **host) as again:
                self.assertIn(again.address, (self.group.address(1), self.group.address(2, 3261)))
                again.clear_attentions()
                again.read(lba(page_of(owners, 1)), 8)
            stopping.result()
        self.group.script('member', '3', 'start')
        up(self.group, 3)

    def test_drop_moves_a_session_to_another_member(self):
        s = Session(self.group.address(1), self.group.iqn('demo'), initiator='iqn.2026-11.io.shoal:mover')
        first = s.address
        listed = eventually(lambda: [x for x in self.group.ctl(1, 'sessions') if x['initiator'].endswith(':mover')], 5)
        self.assertEqual(len(listed), 1)
        self.group_drop(s, listed[0]['id'])
        again = Session(self.group.address(1), s.target, initiator='iqn.2026-11.io.shoal:mover')
        self.assertNotEqual(again.address[0], first[0])
        again.clear_attentions()
        again.read(0, 8)
        again.close()

    def group_drop(self, s, session):
        drop = subprocess.Popen([str(BUILD / 'tools' / 'shoalctl'), '--control', f'{self.group.net}.2:3263', 'session', 'drop', session],
                                stdout=subprocess.DEVNULL)
        with self.assertRaises(Dropped) as caught:
            while True:
                s.receive_any()
        self.assertIn('event 2', str(caught.exception))
        s.close()
        self.assertEqual(drop.wait(30), 0)


class Wiped(GroupTest):
    arguments = ('--volume', f'demo:{PAGES}MiB:1MiB', '--durability', 'writeback')

    def test_a_wiped_store_is_no_store(self):
        owners = self.group.owners('demo')
        with self.group.session(1, 'demo') as s:
            data = fill(s)
            self.group.script('member', '3', 'stop')
            self.group.script('member', '3', 'wipe')
            self.group.script('member', '3', 'start')
            up(self.group, 3)
            s.clear_attentions()  # that member may have been the keeper of what nexuses share
            for page, owner in enumerate(owners):
                if owner != 3:
                    self.assertEqual(s.read(lba(page), 8), data[page])
                    continue
                with self.assertRaises(ScsiError) as caught:
                    s.read(lba(page), 8)
                self.assertEqual(caught.exception.code, NOT_READY_LOST)
        status = self.group.ctl(1, 'status')
        volume = next(v for v in status['volumes'] if v['name'] == 'demo')
        self.assertEqual(volume['unavailable_pages'], owners.count(3))
        self.assertIn('store', volume['reason'])


class Memory(GroupTest):
    arguments = ('--volume', f'demo:{PAGES}MiB:1MiB', '--durability', 'memory')

    def test_a_memory_member_that_restarts_has_lost_its_pages_and_says_so(self):
        owners = self.group.owners('demo')
        with self.group.session(2, 'demo') as s:
            data = fill(s)
            self.group.script('member', '1', 'kill')
            self.group.script('member', '1', 'start')
            up(self.group, 1)
            s.clear_attentions()
            with self.assertRaises(ScsiError) as caught:
                s.read(lba(page_of(owners, 1)), 8)
            self.assertEqual(caught.exception.code, NOT_READY_LOST)
            self.assertEqual(s.read(lba(page_of(owners, 3)), 8), data[page_of(owners, 3)])
        volume = next(v for v in self.group.ctl(2, 'status')['volumes'] if v['name'] == 'demo')
        self.assertEqual(volume['unavailable_pages'], owners.count(1))
        self.assertIn('memory', volume['reason'])


if __name__ == '__main__':
    unittest.main()
