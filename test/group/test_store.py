"""The page store of a real process: what was acknowledged is there after a kill -9 at any moment, and nothing else is.

SHOAL_TEST_SEED=N repeats what is written and when the process is killed, as far as real processes repeat anything."""
import os
import random
import signal
import struct
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from initiator import Dropped
from programs import BUILD, Member, run
from support import FULL, MIB, eventually

BLOCK = 4096
BLOCKS = 4 * MIB // BLOCK
ROUNDS = 1000 if FULL else 20
DEPTH = 16
FSCK = str(BUILD / 'tools' / 'shoal-fsck')


def stamp(number):
    return struct.pack('>QQ', number, ~number & (1 << 64) - 1) * (BLOCK // 16)


class Writer(threading.Thread):
    """Keeps DEPTH writes and discards under way until the connection ends; knows what each block may hold."""

    def __init__(self, session, may_hold, rng, number):
        super().__init__(daemon=True)
        self.session, self.may_hold, self.rng, self.number = session, may_hold, rng, number
        self.under_way, self.answered, self.error = {}, 0, None

    def run(self):
        try:
            while True:
                while len(self.under_way) < DEPTH:
                    self.start_one()
                self.take_answer()
        except (Dropped, OSError):
            pass
        except Exception as error:  # for the test to see
            self.error = error

    def start_one(self):
        first = self.rng.randrange(BLOCKS)
        count = min(self.rng.choice((1, 1, 1, 1, 2, 3, 16, 40)), BLOCKS - first)
        if any(first < end and begin < first + count for begin, end, _, _ in self.under_way.values()):
            return self.take_answer()
        self.number += 1
        clears = self.rng.random() < 0.1
        value = bytes(BLOCK) if clears else stamp(self.number)
        for block in range(first, first + count):
            self.may_hold[block].add(value)
        cdb = struct.pack('>BBQIBB', 0x93 if clears else 0x8a, 0x08 if clears else 0, first * 8, count * 8, 0, 0)
        out = bytes(512) if clears else value * count
        self.under_way[self.session.start(cdb, out)] = (first, first + count, value, out)

    def take_answer(self):
        op, header, data = self.session.receive_any()
        tag = struct.unpack('>I', header[16:20])[0]
        if op == 0x31:
            self.session.answer_r2t(header, self.under_way[tag][3])
        if op != 0x21:
            return
        begin, end, value, _ = self.under_way.pop(tag)
        if header[3] != 0:
            raise AssertionError(f'status {header[3]:02x} {data.hex()}')
        self.answered += 1
        for block in range(begin, end):
            self.may_hold[block] = {value}


class Killed(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix='shoal-test-')))
        seed = int(os.environ.get('SHOAL_TEST_SEED') or random.randrange(1 << 32))
        print(f'SHOAL_TEST_SEED={seed}', file=sys.stderr, flush=True)
        self.rng = random.Random(seed)

    def member(self):
        return Member(self.folder, store='store', limits={'store_journal_bytes': MIB}, log_level='warn')

    def test_what_was_acknowledged_is_there_after_a_kill_at_any_moment(self):
        may_hold = [{bytes(BLOCK)} for _ in range(BLOCKS)]
        answered = number = 0
        with self.member() as member:
            member.ask('volume', 'create', 'demo', f'{BLOCKS * BLOCK}', '--page', '1MiB')
        for _ in range(ROUNDS):
            with self.member() as member, member.session() as session:
                self.check(session, may_hold)
                writer = Writer(session, may_hold, self.rng, number)
                writer.start()
                time.sleep(self.rng.uniform(0.01, 0.3))
                member.end(signal.SIGKILL)
                writer.join(10)
                self.assertIsNone(writer.error)
                answered, number = answered + writer.answered, writer.number
            checked = eventually(self.fsck, 10, 'the end of what the kernel still does for the killed process')
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        with self.member() as member, member.session() as session:
            self.check(session, may_hold)
        print(f'shown: {ROUNDS} kills, {answered} acknowledged writes, all there', file=sys.stderr)
        self.assertGreater(answered, 10 * ROUNDS)

    def fsck(self):
        """None: the store is in use."""
        checked = run([FSCK, '--data', str(self.folder / 'store')], seconds=60)
        return None if 'in use' in checked.stderr else checked

    def check(self, session, may_hold):
        """Each block is one that it may hold, whole; from now on it is that."""
        for first in range(0, BLOCKS, 64):
            data = session.read(first * 8, 64 * 8)
            for block in range(first, first + 64):
                found = data[(block - first) * BLOCK:][:BLOCK]
                self.assertIn(found, may_hold[block], f'block {block}: {found[:16].hex()}')
                may_hold[block] = {found}


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

    def fsck(self, *words):
        checked = run([FSCK, *map(str, words)], seconds=60)
        self.assertEqual(checked.stderr, '')
        return checked.returncode


if __name__ == '__main__':
    unittest.main()
