"""The page store of a real process: what was acknowledged is there after a kill -9 at any moment, and nothing else is.

SHOAL_TEST_SEED=N repeats what is written and when the process is killed, as far as real processes repeat anything."""
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path

from block_writer import BLOCK, Blocks, Writer
from programs import BUILD, Member, run
from support import FULL, MIB, eventually

BLOCKS = 4 * MIB // BLOCK
ROUNDS = 1000 if FULL else 20
FSCK = str(BUILD / 'tools' / 'shoal-fsck')


class Killed(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix='shoal-test-')))
        seed = int(os.environ.get('SHOAL_TEST_SEED') or random.randrange(1 << 32))
        print(f'SHOAL_TEST_SEED={seed}', file=sys.stderr, flush=True)
        self.rng = random.Random(seed)

    def member(self):
        return Member(self.folder, store='store', limits={'store_journal_bytes': MIB}, log_level='warn')

    def test_what_was_acknowledged_is_there_after_a_kill_at_any_moment(self):
        blocks = Blocks(BLOCKS)
        answered = 0
        with self.member() as member:
            member.ask('volume', 'create', 'demo', f'{BLOCKS * BLOCK}', '--page', '1MiB')
        for _ in range(ROUNDS):
            with self.member() as member, member.session() as session:
                blocks.check(session)
                writer = Writer(session, blocks, self.rng)
                writer.start()
                time.sleep(self.rng.uniform(0.01, 0.3))
                member.end(signal.SIGKILL)
                writer.join(10)
                self.assertIsNone(writer.error)
                answered += writer.answered
            checked = eventually(self.fsck, 10, 'the end of what the kernel still does for the killed process')
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        with self.member() as member, member.session() as session:
            blocks.check(session)
        print(f'shown: {ROUNDS} kills, {answered} acknowledged writes, all there', file=sys.stderr)
        self.assertGreater(answered, 10 * ROUNDS)

    def fsck(self):
        """None: the store is in use."""
        checked = run([FSCK, '--data', str(self.folder / 'store')], seconds=60)
        return None if 'in use' in checked.stderr else checked


class Repaired(unittest.TestCase):
    def test_a_damaged_store_is_repaired_by_the_tool(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix='shoal-test-')))
        store = folder / 'store'
        with Member(folder, store='store') as member:
            member.ask('volume', 'create', 'demo', '1MiB')
            with member.session() as session:
                session.write(0, b'x' * 4096)
        with store.open('r+b') as file:
            file.seek(20)
            file.write(b'damage')
        self.assertEqual(self.fsck(store), 1)
        self.assertEqual(self.fsck('--repair', store), 0)
        self.assertEqual(self.fsck('--data', store), 0)
        with Member(folder, store='store') as member, member.session() as session:
            self.assertEqual(session.read(0, 8), b'x' * 4096)

    def test_a_scrub_reads_all_of_it_and_names_what_has_rotted(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix='shoal-test-')))
        data = b'these bytes are found in the file' + bytes(4096 - 33)
        with Member(folder, store='store') as member:
            member.ask('volume', 'create', 'demo', '1MiB')
            with member.session() as session:
                session.write(0, data * 16)
            scrub = self.scrubbed(member)
            self.assertEqual((scrub['read_bytes'], scrub['damaged_blocks'], scrub['unread_bytes']), (64 * 1024, 0, 0))
        self.flip_a_byte(folder / 'store', data[:33])
        with Member(folder, store='store') as member:
            scrub = self.scrubbed(member)
            self.assertEqual((scrub['damaged_blocks'], scrub['unread_bytes']), (1, 0))
            self.assertIn('scrub_damaged', member.said())

    def flip_a_byte(self, store, of):
        """In the last place where they are: behind the journal."""
        at = store.read_bytes().rindex(of)
        with store.open('r+b') as file:
            file.seek(at)
            file.write(b'T')

    def scrubbed(self, member):
        member.ask('store', 'scrub', 'start')
        def ended():
            scrub = member.ask('store', 'scrub', 'status')['scrub']
            return scrub if scrub['runs'] else None
        return eventually(ended, 20, 'the end of the scrub')

    def fsck(self, *words):
        checked = run([FSCK, *map(str, words)], seconds=60)
        self.assertEqual(checked.stderr, '')
        return checked.returncode


class PutBack(unittest.TestCase):
    """A copy of the store that was made while the member was stopped, under metadata that know more."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix='shoal-test-')))
        self.store, self.copy = self.folder / 'store', self.folder / 'copy'
        with self.member() as member:
            member.ask('volume', 'create', 'demo', '1MiB')
            with member.session() as session:
                session.write(0, b'a' * BLOCK)
        self.keep(self.store, self.copy)
        with self.member() as member, member.session() as session:
            session.write(0, b'b' * BLOCK)

    def member(self, **more):
        return Member(self.folder, store='store', log_level='warn', **more)

    def keep(self, original, copy):
        shutil.copyfile(original, copy)

    def assert_reads(self, member, byte):
        with member.session() as session:
            self.assertEqual(session.read(0, BLOCK // 512), byte * BLOCK)

    def test_an_older_copy_of_the_store_is_never_served_unasked_however_often_it_is_tried(self):
        self.keep(self.copy, self.store)
        for _ in range(4):  # an attempt that changed the copy would bring it nearer to what the metadata know
            with self.member(wait=False) as member:
                self.assertEqual(member.process.wait(15), 1, member.said())
                self.assertRegex(member.said().splitlines()[-1], 'shoald: store .*older copy.*newest copy.*--accept-older-store.*"store"')
        self.assertEqual(self.store.read_bytes(), self.copy.read_bytes())

    def test_an_older_copy_is_served_where_an_operator_accepts_it_and_from_then_on(self):
        self.keep(self.copy, self.store)
        with self.member(options=['--accept-older-store']) as member:
            self.assertIn('store_older_accepted', member.said())
            self.assert_reads(member, b'a')
        with self.member() as member:
            self.assertNotIn('store_older_accepted', member.said())
            self.assert_reads(member, b'a')

    def test_an_older_copy_is_known_also_after_another_store_was_in_its_place(self):
        self.store.unlink()
        with self.member():
            pass
        self.keep(self.copy, self.store)
        with self.member(wait=False) as member:
            self.assertEqual(member.process.wait(15), 1, member.said())
            self.assertIn('older copy', member.said())

    def test_a_store_is_served_under_older_metadata(self):
        metadata, copy = self.folder / 'metadata.db', self.folder / 'metadata.copy'
        self.keep(metadata, copy)
        with self.member() as member, member.session() as session:
            session.write(0, b'c' * BLOCK)
        self.keep(copy, metadata)
        with self.member() as member:
            self.assert_reads(member, b'c')


if __name__ == '__main__':
    unittest.main()
