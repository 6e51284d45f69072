"""A volume that lies on three members: who has what, and that every member serves all of it."""
import os
import unittest

from initiator import Session
from support import PAGE, GroupTest, finish_bench, stored_bytes

PAGES = 24


def pattern(page, length=4096):
    return (b'page %06d ' % page).ljust(16, b'.') * (length // 16)


class Partition(GroupTest):
    arguments = ('--volume', f'demo:{PAGES}MiB:1MiB', '--volume', f'runs:{PAGES}MiB:1MiB', '--durability', 'writeback', '--redirect', 'round-robin')

    def test_each_member_owns_its_share_and_every_member_tells_the_same_map(self):
        maps = [self.group.ctl(m, 'map', 'demo') for m in (1, 2, 3)]
        self.assertEqual(len({m['hash'] for m in maps}), 1)
        self.assertEqual(maps[0]['containers'], maps[2]['containers'])
        self.assertEqual(sorted(m['pages'] for m in maps[0]['members']), [PAGES // 3] * 3)

    def test_a_store_holds_only_the_pages_of_its_member(self):
        owners = self.group.owners('demo')
        with self.group.session(1, 'demo') as s:
            for page in range(PAGES):
                s.write(page * PAGE // 512, pattern(page))
            s.flush()
        for member in self.group.info['members']:
            content = stored_bytes(member['store'])
            for page, owner in enumerate(owners):
                self.assertEqual(pattern(page) in content, owner == member['id'], f"page {page} in the store of {member['id']}")

    def test_reads_and_writes_across_a_border_of_two_members(self):
        owners = self.group.owners('demo')
        border = next(p for p in range(1, PAGES) if owners[p] != owners[p - 1])
        lba = (border * PAGE - 8192) // 512
        data = os.urandom(16384)
        for writer in (1, 2, 3):
            for reader in (1, 2, 3):
                data = data[1:] + data[:1]
                with self.group.session(writer, 'demo', isid=1) as s:
                    s.write(lba, data)
                with self.group.session(reader, 'demo', isid=2) as s:
                    self.assertEqual(s.read(lba, 32), data)

    def test_local_and_forwarded_bytes_agree_with_the_load(self):
        owners = self.group.owners('demo')
        border = next(p for p in range(1, PAGES) if owners[p - 1] == 2 and owners[p] != 2)
        with self.group.session(2, 'demo') as s:
            before = self.group.counters(2)
            for _ in range(10):
                s.read((border * PAGE - 4096) // 512, 24)   # 4 KiB here, 8 KiB there
            after = self.group.counters(2)
        self.assertEqual(after['local_bytes'] - before['local_bytes'], 10 * 4096)
        self.assertEqual(after['forwarded_bytes'] - before['forwarded_bytes'], 10 * 8192)

    def test_verified_load_through_every_member_at_once(self):
        loads = [self.group.bench(self.group.url(m, 'demo'), '--verify', '--seconds', '3', '--seed', str(m), '--pattern', 'randread' if m > 1 else 'randrw',
                                  '--depth', '16', wait=False) for m in (1, 2, 3)]
        for load in loads:
            result = finish_bench(load)
            self.assertEqual((result['failed'], result['wrong']), (0, 0), result['first_problem'])
            self.assertGreater(result['reads'], 100)

    def test_identity_is_equal_on_every_member(self):
        answers = []
        for member in (1, 2, 3):
            with self.group.session(member, 'demo') as s:
                answers.append([s.inquiry()] + [s.inquiry(page) for page in (0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1, 0xb2)])
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0], answers[2])

    def test_discovery_names_only_the_portal_that_was_asked(self):
        with Session(self.group.address(2), '', session_type='Discovery') as s:
            answer = s.send_targets()
        self.assertEqual(answer.count('TargetAddress='), answer.count('TargetName='))
        self.assertEqual(answer.count(f'TargetAddress={self.group.net}.2:3260,1'), 2)

    def test_logins_at_one_group_portal_go_round(self):
        self.group.wait_until_heard()
        seen = []
        for number in range(6):
            s = Session(self.group.address(1), self.group.iqn('demo'), initiator=f'iqn.2026-11.io.shoal:round-{number}')
            seen.append(s.address[0].rsplit('.', 1)[1])
            s.close()
        self.assertEqual(sorted(seen), ['1', '1', '2', '2', '3', '3'])

    def test_a_member_portal_never_redirects(self):
        for member in (1, 2, 3):
            with self.group.session(member, 'demo') as s:
                self.assertEqual(s.redirects, [])


if __name__ == '__main__':
    unittest.main()
