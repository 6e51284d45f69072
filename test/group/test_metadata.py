"""What becomes of a group whose metadata are wiped, or put back to an earlier state; and what a new volume lies on."""
import os
import shutil
import unittest
from pathlib import Path

from initiator import ScsiError
from support import MIB, Group, eventually, stored_bytes

WRITEBACK = ('--durability', 'writeback')


class Metadata(unittest.TestCase):
    def setUp(self):
        self.group = Group('--volume', 'demo:12MiB:1MiB', *WRITEBACK)
        self.addCleanup(self.group.down)
        self.etcd = Path(self.group.directory, 'etcd')

    def exchange_etcd(self, act):
        self.group.script('etcd', 'stop')
        act()
        self.group.script('etcd', 'start')

    def put_aside(self):
        self.exchange_etcd(lambda: shutil.copytree(self.etcd, f'{self.etcd}.copy'))
        eventually(lambda: self.group.ctl(1, 'status')['metadata']['reachable'], 20)

    def put_back(self):
        shutil.rmtree(self.etcd)
        shutil.copytree(f'{self.etcd}.copy', self.etcd)

    def warned(self, member, words):
        eventually(lambda: any(words in w for w in self.group.ctl(member, 'status')['warnings']), 20, f'a warning of member {member}')

    def filled(self, volume):
        data = os.urandom(MIB)
        with self.group.session(1, volume) as s:
            for page in range(12):
                s.write(page * 2048, data)
            s.flush()
        return data

    def test_wiped_while_members_run_hosts_are_served_and_nothing_is_created(self):
        data = self.filled('demo')
        with self.group.session(1, 'demo') as s:
            self.exchange_etcd(lambda: shutil.rmtree(self.etcd))
            for member in (1, 2, 3):
                self.warned(member, 'not the group')
                self.assertIn('not the group', self.group.ctl(member, 'volume', 'create', 'fresh', '12MiB', check=False))
            for page in range(12):
                self.assertEqual(s.read(page * 2048, 2048), data)

    def test_put_back_while_members_run_nothing_is_created_and_the_newest_volume_is_served(self):
        self.put_aside()
        self.group.create('newer', '12MiB', *WRITEBACK)
        data = self.filled('newer')
        with self.group.session(2, 'newer') as s:
            self.exchange_etcd(self.put_back)
            for member in (1, 2, 3):
                self.warned(member, 'earlier state')
                self.assertIn('earlier state', self.group.ctl(member, 'volume', 'create', 'fresh', '12MiB', check=False))
            for page in range(12):
                self.assertEqual(s.read(page * 2048, 2048), data)

    def test_put_back_before_a_start_no_image_id_is_given_out_again_and_no_pages_are_dropped(self):
        self.put_aside()
        self.group.create('newer', '12MiB', *WRITEBACK)
        data = self.filled('newer')
        lost = next(v['image'] for v in self.group.ctl(1, 'volume', 'list') if v['name'] == 'newer')
        for member in ('1', '2', '3'):
            self.group.script('member', member, 'stop')
        self.exchange_etcd(self.put_back)
        for member in ('1', '2', '3'):
            self.group.script('member', member, 'start')
        eventually(lambda: all(m['state'] in ('self', 'up') for m in self.group.ctl(1, 'member', 'list')), 20)
        self.group.create('fresh', '12MiB', *WRITEBACK)
        fresh = next(v['image'] for v in self.group.ctl(1, 'volume', 'list') if v['name'] == 'fresh')
        self.assertGreater(fresh, lost)
        with self.group.session(1, 'fresh') as s:
            for page in range(12):
                self.assertEqual(s.read(page * 2048, 2048), bytes(MIB))
        for member in (1, 2, 3):
            self.assertIn(data[:64 * 1024], stored_bytes(Path(self.group.directory, f'member{member}', 'store')))


class Placement(unittest.TestCase):
    def test_a_new_volume_lies_on_members_in_reach_and_says_who_is_left_out(self):
        group = Group('--volume', 'demo:12MiB:1MiB')
        self.addCleanup(group.down)
        group.script('member', '3', 'kill')
        eventually(lambda: next(m for m in group.ctl(1, 'member', 'list') if m['id'] == 3)['state'] == 'down', 10)
        made = group.ctl(1, 'volume', 'create', 'fresh', '12MiB', '--page', '1MiB')
        self.assertEqual([store['member'] for store in made['stores']], [1, 2])
        self.assertEqual([left['member'] for left in made['left_out']], [3])
        self.assertIn('down', made['left_out'][0]['why'])
        with group.session(1, 'fresh') as s:
            for page in range(12):
                try:
                    s.write(page * 2048, bytes(4096))
                except ScsiError as error:
                    self.fail(f'page {page}: {error}')


if __name__ == '__main__':
    unittest.main()
