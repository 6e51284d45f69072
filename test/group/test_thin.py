"""Thin provisioning over the whole path: what volumes take of the stores, who is told when a store fills up, what a full
one still does, and how its space comes back."""
import json
import struct
from pathlib import Path

from initiator import ScsiError
from support import MIB, PAGE, GroupTest, eventually

SMALL = 2 * MIB            # what the memory store of member 2 holds
PAGE_BLOCKS = PAGE // 512
THRESHOLD_REACHED = (6, 0x38, 0x07)
ALLOCATION_FAILED = (7, 0x27, 0x07)


def unmap(session, lba, blocks):
    descriptor = struct.pack('>QI4x', lba, blocks)
    parameters = struct.pack('>HH4x', len(descriptor) + 6, len(descriptor)) + descriptor
    session.command(struct.pack('>BB5xHx', 0x42, 0, len(parameters)), out=parameters)


def is_mapped(session, lba):
    """Of the first run of blocks from there on."""
    answer = session.command(struct.pack('>BBQIxx', 0x9e, 0x12, lba, 24), expect=24)
    return answer[20] & 0x0f == 0


def log_page(session, page):
    return session.command(struct.pack('>BBBB3xHx', 0x4d, 0, 0x40 | page, 0, 255), expect=255)


def attentions(session):
    found = []
    while True:
        try:
            session.test_unit_ready()
            return found
        except ScsiError as error:
            found.append(error.code)


class SmallStore(GroupTest):
    """Volumes in memory, of which one member has little. Each has a page on every member."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        config = Path(cls.group.directory) / 'member2' / 'config.json'
        cls.group.script('member', '2', 'stop')
        config.write_text(json.dumps({**json.loads(config.read_text()), 'limits': {'memory_store_bytes': SMALL}}))
        cls.group.script('member', '2', 'start')
        eventually(lambda: all(m['state'] != 'down' for i in (1, 2, 3) for m in cls.group.ctl(i, 'member', 'list')), 15, 'the group')

    def create(self, name):
        self.group.create(name, '3MiB', '--durability', 'memory')
        self.addCleanup(self.delete, name)
        return self.group.owners(name).index(2) * PAGE_BLOCKS  # where its page on the small store begins

    def delete(self, name):
        deleted = lambda: isinstance(self.group.ctl(1, 'volume', 'delete', name, check=False), dict)
        eventually(deleted, 15, f'the end of volume {name}')

    def open(self, member, volume):
        session = self.group.session(member, volume)
        self.addCleanup(session.logout)
        return session

    def allocated(self, volume, by=1):
        return self.group.ctl(by, 'volume', 'show', volume)['allocated_bytes']

    def used_at_2(self):
        """As the other members have heard it, where both have heard the same."""
        heard = {s['used_bytes'] for by in (1, 3) for m in self.group.ctl(by, 'member', 'list') if m['id'] == 2
                 for s in m['stores'] if s['kind'] == 'memory'}
        return heard.pop() if len(heard) == 1 else None

    def setUp(self):
        eventually(lambda: self.used_at_2() == 0, 10, 'an empty store at member 2')

    def test_what_a_volume_takes_is_told_everywhere_and_given_back(self):
        at = self.create('taken')
        session = self.open(3, 'taken')
        self.assertEqual(self.allocated('taken'), 0)
        session.write(at, b'a' * PAGE)
        session.write((at + PAGE_BLOCKS) % (3 * PAGE_BLOCKS), b'b' * 4096)
        for member in (1, 2, 3):
            self.assertEqual(self.allocated('taken', by=member), PAGE + 65536)
        listed = {v['name']: v for v in self.group.ctl(1, 'volume', 'list')}
        self.assertEqual(listed['taken']['allocated_bytes'], PAGE + 65536)
        eventually(lambda: self.used_at_2() == PAGE, 10, 'what member 2 has told of its store')
        self.assertIn(f'shoal_volume_allocated_bytes{{volume="taken"}} {PAGE}', self.group.metrics(2))
        self.assertIn(f'state="total"}} {SMALL}', self.group.metrics(2))
        self.assertTrue(is_mapped(session, at))
        unmap(session, at, PAGE_BLOCKS)
        self.assertFalse(is_mapped(session, at))
        self.assertEqual(self.allocated('taken'), 65536)
        self.assertEqual(session.read(at, 8), bytes(4096))
        eventually(lambda: self.used_at_2() == 0, 10, 'what member 2 has told of its store')

    def test_hosts_are_told_once_that_a_store_fills_up(self):
        at = [self.create(name) for name in ('one', 'two')]
        here, there = self.open(1, 'one'), self.open(3, 'two')
        here.write(at[0], b'a' * PAGE)
        eventually(lambda: self.used_at_2() == PAGE, 10, 'what member 2 has told of its store')
        self.assertEqual(attentions(here), [])
        there.write(at[1], b'b' * (PAGE * 3 // 4))
        for session in (here, there):
            eventually(lambda: attentions(session) == [THRESHOLD_REACHED], 10, 'the word that the threshold is reached')
        there.write(at[1], b'c' * PAGE)
        eventually(lambda: self.used_at_2() == SMALL, 10, 'what member 2 has told of its store')
        self.assertEqual(attentions(here) + attentions(there), [])
        page = eventually(lambda: log_page(here, 0x0c), 10, 'the log page of provisioning')
        self.assertEqual(struct.unpack('>H', page[28:30]), (3,))           # the percentage that is available
        self.assertEqual(struct.unpack('>I', page[32:36]), (0,))
        unmap(there, at[1], PAGE_BLOCKS)
        eventually(lambda: self.used_at_2() == PAGE, 10, 'what member 2 has told of its store')
        there.write(at[1], b'd' * PAGE)
        eventually(lambda: attentions(here) == [THRESHOLD_REACHED], 10, 'the word that it is reached again')

    def test_a_full_store_refuses_writes_serves_reads_and_takes_writes_again_when_blocks_were_given_back(self):
        at = [self.create(name) for name in ('first', 'second', 'third')]
        sessions = [self.open(1, name) for name in ('first', 'second', 'third')]
        for session, begin in zip(sessions[:2], at):
            session.write(begin, b'f' * PAGE)
        attentions(sessions[2])
        eventually(lambda: attentions(sessions[0]) or self.used_at_2() == SMALL, 10, 'a full store')
        for session in sessions:
            attentions(session)
        with self.assertRaises(ScsiError) as refused:
            self.again(sessions[2], lambda: sessions[2].write(at[2], b't' * 4096))
        self.assertEqual(refused.exception.code, ALLOCATION_FAILED)
        self.again(sessions[0], lambda: sessions[0].write(at[0], b'g' * 4096))   # over what it has already
        self.assertEqual(self.again(sessions[0], lambda: sessions[0].read(at[0], 8)), b'g' * 4096)
        self.assertEqual(self.again(sessions[2], lambda: sessions[2].read(at[2], 8)), bytes(4096))
        other = (at[2] + PAGE_BLOCKS) % (3 * PAGE_BLOCKS)
        self.again(sessions[2], lambda: sessions[2].write(other, b't' * 4096))   # on another member
        self.again(sessions[1], lambda: unmap(sessions[1], at[1], PAGE_BLOCKS))
        self.again(sessions[2], lambda: sessions[2].write(at[2], b't' * 4096))
        self.assertEqual(sessions[2].read(at[2], 8), b't' * 4096)

    def again(self, session, act):
        """What a host does that is told of something."""
        while True:
            try:
                return act()
            except ScsiError as error:
                if error.code[0] != 6:
                    raise

    def test_a_store_with_too_little_room_has_no_part_of_a_new_volume(self):
        made = self.group.ctl(1, 'volume', 'create', 'wide', '12MiB', '--page', '1MiB', '--durability', 'memory')
        self.addCleanup(self.delete, 'wide')
        self.assertEqual({s['member'] for s in made['stores']}, {1, 3})
        self.assertEqual([m['member'] for m in made['left_out']], [2])
        self.assertIn('less than its share', made['left_out'][0]['why'])
