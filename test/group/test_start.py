"""How shoald starts and ends: disposable targets, and one clear line for each thing that can be wrong."""
import os
import signal
import socket
import tempfile
import unittest
from pathlib import Path

from initiator import Dropped, Session
from programs import SHOALD, Disposable, Member, Program, free_address, run


class Ephemeral(unittest.TestCase):
    def test_one_line_says_all_that_a_rig_needs(self):
        with Disposable('--volume', 'scratch:1GiB') as target:
            self.assertEqual(target.ready['pid'], target.process.pid)
            self.assertEqual(target.url, f"iscsi://{target.ready['portal']}/{target.iqn}/0")
            with target.session() as s:
                s.write(2048, b'x' * 4096)
                self.assertEqual(s.read(2048, 8), b'x' * 4096)

    def test_each_volume_is_a_disk_of_its_own(self):
        with Disposable('--volume', 'a:64MiB', '--volume', 'b:128MiB') as target:
            a, b = (Session(target.portal, volume['iqn']) for volume in target.ready['volumes'])
            for s in a, b:
                s.clear_attentions()
            a.write(0, b'a' * 4096)
            self.assertEqual(b.read(0, 8), bytes(4096))
            a.close()
            b.close()

    def test_nothing_is_left_behind(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with tempfile.TemporaryDirectory() as folder:
                with Disposable('--volume', 'scratch:64MiB', '--durability', 'writeback', env={**os.environ, 'TMPDIR': folder}) as target:
                    with target.session() as s:
                        s.write(0, b'w' * 4096)
                        s.flush()
                        self.assertNotEqual(os.listdir(folder), [])
                    self.assertEqual(target.end(number), 0)
                self.assertEqual(os.listdir(folder), [])

    def test_hosts_are_told_before_it_ends(self):
        with Disposable('--volume', 'scratch:64MiB') as target, target.session() as s:
            target.process.terminate()
            with self.assertRaisesRegex(Dropped, 'event 2'):
                while True:
                    s.receive_any()
            self.assertEqual(target.end(), 0)

    def test_a_wrong_command_line_says_what_is_right(self):
        for words, expected in (([], '--config'), (['--ephemeral'], '--volume'), (['--ephemeral', '--volume', 'a'], 'NAME:SIZE'),
                                (['--ephemeral', '--volume', 'A_b:1GiB'], 'a-z'), (['--volume', 'a:1GiB'], '--ephemeral'),
                                (['--ephemeral', '--volume', 'a:1GiB', '--durability', 'soon'], 'writeback'),
                                (['--ephemeral', '--volume', 'a:1GiB', '--listen', 'localhost:1'], 'numeric')):
            with self.subTest(words):
                refused = run([SHOALD, *words])
                self.assertNotEqual(refused.returncode, 0)
                self.assertIn(expected, refused.stderr)


class WrongConfiguration(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def refused(self, *expected, **keys):
        """It ends by itself, and its last line has these words."""
        with Member(self.folder, wait=False, log_level='error', **{'group_portals': ['127.0.0.1:0'], 'control': None, **keys}) as member:
            self.assertEqual(member.process.wait(15), 1, member.said())
            line = member.said().splitlines()[-1]
            for words in ('shoald: ', *expected):
                self.assertIn(words, line)

    def test_wrong_keys_are_named(self):
        self.refused('unknown key "colour"', colour='red')
        self.refused('"member"', '1023', member=5000)
        self.refused('"metadata.etcd"', 'ADDRESS:PORT', metadata={'etcd': ['localhost']})

    def test_a_file_that_is_not_there_is_named(self):
        refused = run([SHOALD, '--config', str(self.folder / 'nowhere.json')])
        self.assertEqual(refused.returncode, 1)
        self.assertIn('nowhere.json', refused.stderr)

    def test_a_used_port_is_named_with_its_key(self):
        with socket.socket() as taken:
            taken.bind(('127.0.0.1', 0))
            taken.listen()
            address = '127.0.0.1:%d' % taken.getsockname()[1]
            for key, value in (('group_portals', [address]), ('member_portal', address), ('control', address)):
                with self.subTest(key):
                    self.refused(address, f'"{key}"', 'in use', **{key: value})

    def test_an_address_of_another_machine_is_named(self):
        self.refused('192.0.2.1:3260', 'not an address of this machine', group_portals=['192.0.2.1:3260'])

    def test_a_store_that_cannot_be_made_is_named(self):
        (self.folder / 'file').write_text('not a store')
        self.refused('file', '"store"', store='file')
        self.refused('/proc/nowhere', '"store"', store='/proc/nowhere')

    def test_a_store_that_is_in_use_is_named(self):
        with Member(self.folder, store='store'):
            self.refused('store', 'another process', '"store"', store='store', metadata={'sqlite': 'other.db'})

    def test_metadata_that_cannot_be_opened_are_named(self):
        self.refused('/proc/nowhere.db', '"metadata.sqlite"', metadata={'sqlite': '/proc/nowhere.db'})

    def test_a_second_member_with_the_same_id_elsewhere_is_refused_and_the_first_goes_on(self):
        peer, client = free_address(), free_address()
        (self.folder / 'key').write_text('a key that all members share')
        with Program(['etcd', '--data-dir', str(self.folder / 'etcd'), '--listen-client-urls', f'http://{client}',
                      '--advertise-client-urls', f'http://{client}', '--listen-peer-urls', f'http://{peer}',
                      '--initial-advertise-peer-urls', f'http://{peer}', '--initial-cluster', f'default=http://{peer}',
                      '--log-level', 'error']):
            first, second = (dict(group_portals=[f'{host}:3260'], member_portal=f'{host}:3261', peer=f'{host}:3262',
                                  control=f'{host}:3263', group_key_file='key', member=1, metadata={'etcd': [client]},
                                  log_level='error') for host in ('127.99.1.1', '127.99.1.2'))
            with Member(self.folder, **first) as one, Member(self.folder, wait=False, **second) as other:
                self.assertEqual(other.process.wait(25), 1)
                self.assertRegex(other.said().splitlines()[-1], 'member 1 is alive already at 127.99.1.1:3262.*"member"')
                self.assertTrue(one.alive())
                one.process.kill()
                one.process.wait()
                with Member(self.folder, **first) as again:
                    self.assertTrue(again.alive())


if __name__ == '__main__':
    unittest.main()
