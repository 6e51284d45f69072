"""Old members that wake: one is stopped (SIGSTOP) while writes are under way through it, its host goes on through another
one and writes something newer, and then it wakes (SIGCONT). From the moment when the host was taken in elsewhere a block
changes only by what the host writes there.

SHOAL_TEST_SEED=N repeats a run: what is stopped, when, and how the host leaves."""
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
import unittest

from initiator import Dropped, LoginError, ScsiError, Session
from support import BUILD, FULL, PAGE, GroupTest, eventually

ROUNDS = 100 if FULL else 5
PAGES = 12
BLOCK = 4096
BURST = 48                # writes under way
PATIENCE = 10             # seconds without an answer after which a host takes another path: open-iscsi's pings, 5 s + 5 s
LOGIN_WITHIN = 6          # seconds, then it asks the next portal
SETTLED_WITHIN = 60
NOT_NOW = (2, 6)          # sense keys: not ready, unit attention
INITIATOR = 'iqn.2026-11.io.shoal:fences'

# How the host comes to another member.
AGAIN = 'again'           # as the nexus that it was, by itself
MOVED = 'moved'           # the same; an operator has ordered it just before the member was stopped
OTHER_PATH = 'other path'  # by another ISID, as a multipath host does, when it has been patient
WAYS = (AGAIN, AGAIN, MOVED, MOVED, OTHER_PATH)


class Host(Session):
    """Has many commands under way."""
    sock = None

    def login(self):
        try:
            super().login()
        except (LoginError, Dropped, OSError):
            if self.sock:
                self.close()
            raise

    def start_write(self, lba, data):
        return self.start(struct.pack('>BBQIBB', 0x8a, 0, lba, len(data) // 512, 0, 0), data)

    def answers(self, tags, seconds):
        """(tag, status, sense) of those that are answered in time, as they come."""
        deadline = time.monotonic() + seconds
        tags = set(tags)
        while tags and (left := deadline - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                op, header, data = self.receive_any()
            except TimeoutError:
                break
            tag = struct.unpack('>I', header[16:20])[0]
            if op == 0x21 and tag in tags:
                tags.remove(tag)
                yield tag, header[3], data[2:]
        self.sock.settimeout(self.timeout)

    def wait_for_the_end(self):
        """Whatever the target still says, until it has closed the connection."""
        self.sock.settimeout(SETTLED_WITHIN)
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionError:
            pass


class Blocks:
    """What each block may hold. A value is (round, stage, index), and no two writes have the same."""

    def __init__(self, case, lbas):
        self.case, self.may_hold = case, {lba: {None} for lba in lbas}

    @staticmethod
    def content(lba, value):
        return b'' if value is None else f'{lba} {value}\n'.encode().ljust(64, b'.') * (BLOCK // 64)

    def begins(self, lba, value):
        self.may_hold[lba] = self.may_hold[lba] | {value}

    def holds(self, lba, value):
        self.may_hold[lba] = {value}

    def found(self, lba, data, when):
        """What is found once is there until something newer is written."""
        for value in self.may_hold[lba]:
            if data == (self.content(lba, value) or bytes(BLOCK)):
                return self.holds(lba, value)
        lines = {data[at:at + 64].rstrip(b'.') for at in range(0, len(data), 64)}
        self.case.fail(f'{when}: block {lba} holds {lines} in {len(data)} bytes, and must hold one of {self.may_hold[lba]}')


class Frozen:
    """Members that are stopped, until wake() or the end of the test."""

    def __init__(self, group):
        self.pids = {m['id']: m['pid'] for m in group.info['members']}
        self.stopped, self.lock = set(), threading.Lock()

    def stop(self, members):
        with self.lock:
            for member in members:
                os.kill(self.pids[member], signal.SIGSTOP)
                self.stopped.add(member)

    def wake(self):
        with self.lock:
            for member in self.stopped:
                os.kill(self.pids[member], signal.SIGCONT)
            self.stopped = set()


class Fences(GroupTest):
    arguments = ('--volume', f'demo:{PAGES}MiB:1MiB', '--durability', 'writeback')

    def test_a_stopped_member_that_wakes_applies_nothing_old(self):
        seed = int(os.environ.get('SHOAL_TEST_SEED') or random.randrange(1 << 32))
        print(f'SHOAL_TEST_SEED={seed}', file=sys.stderr, flush=True)
        rng = random.Random(seed)
        self.owners, self.target = self.group.owners('demo'), self.group.iqn('demo')
        self.blocks = Blocks(self, [page * PAGE // 512 + 8 * i for page in range(PAGES) for i in range(16)])
        self.frozen = Frozen(self.group)
        self.addCleanup(self.frozen.wake)
        self.hanging = self.never_applied = good = 0
        for number in range(ROUNDS):
            with self.subTest(round=number, seed=seed):
                Round(self, rng, number).run()
                good += 1
        self.assertGreater(self.hanging, 0)
        if good < ROUNDS:
            return  # what went wrong is told already
        print(f'shown: {ROUNDS} rounds, {self.hanging} writes that were under way when a member was stopped, '
              f'{self.never_applied} of them never applied, none applied late', file=sys.stderr, flush=True)


class Round:
    def __init__(self, case, rng, number):
        self.case, self.group, self.blocks, self.frozen = case, case.group, case.blocks, case.frozen
        self.rng, self.number = rng, number
        self.front, self.owner, self.third = rng.sample((1, 2, 3), 3)
        self.who = rng.choice([[self.front], [self.front], [self.owner], [self.front, self.owner]])
        self.way = WAYS[number % len(WAYS)]
        if self.way == OTHER_PATH:
            self.who = [self.front]
        self.says_goodbye = rng.random() < 0.5     # closes the old connection, which its member's kernel then knows
        self.wakes_after = rng.choice([None, rng.uniform(0.1, 5)])  # seconds after it was stopped; None: after the newer writes
        if self.owner in self.who:
            self.wakes_after = rng.uniform(0.5, 5)  # the newer writes wait for it
        if self.way == OTHER_PATH and self.wakes_after:
            self.wakes_after = PATIENCE + rng.uniform(0, 1)
        self.lbas = rng.sample([lba for lba in self.blocks.may_hold if self.member_of(lba) == self.owner], BURST)
        self.lbas += rng.sample([lba for lba in self.blocks.may_hold if self.member_of(lba) == self.front], 4)
        rng.shuffle(self.lbas)
        self.old = self.new = self.order = None

    def __str__(self):
        return (f'round {self.number}: front {self.front}, owner {self.owner}, stopped {self.who}, {self.way}, '
                f'goodbye {self.says_goodbye}, wakes {self.wakes_after}')

    def member_of(self, lba):
        return self.case.owners[lba * 512 // PAGE]

    def run(self):
        self.old = Host(self.group.address(self.front, 3261), self.case.target, initiator=INITIATOR)
        self.old.clear_attentions()
        try:
            unanswered = self.write_until_stopped()
            self.leave()
            self.come_back()
            self.write_anew()
            self.wake_and_look(unanswered)
        finally:
            self.frozen.wake()
            for session in self.old, self.new:
                if session:
                    session.close()

    # ---- steps

    def write_until_stopped(self):
        if self.way == MOVED:
            self.order = self.order_move()
            time.sleep(self.rng.uniform(0, 0.1))
        stop = threading.Timer(self.rng.uniform(0, 0.006), self.frozen.stop, [self.who])
        stop.start()
        unanswered = {}
        try:
            for lba in self.lbas:
                value = (self.number, 'old', lba)
                self.blocks.begins(lba, value)
                unanswered[self.old.start_write(lba, self.blocks.content(lba, value))] = lba
            stop.join()
            for tag, status, _ in self.old.answers(unanswered, 0.2):
                lba = unanswered.pop(tag)
                if status == 0:
                    self.blocks.holds(lba, (self.number, 'old', lba))
        except (Dropped, ConnectionError):
            stop.join()
        if self.wakes_after:
            threading.Timer(self.wakes_after, self.frozen.wake).start()
        self.case.hanging += len(unanswered)
        return set(unanswered.values())

    def order_move(self):
        session = eventually(lambda: [s for s in self.group.ctl(self.third, 'sessions') if s['initiator'] == INITIATOR], 10)
        return subprocess.Popen([str(BUILD / 'tools' / 'shoalctl'), '--control', f'{self.group.net}.{self.third}:3263', 'session',
                                 'move', session[0]['id'], str(self.third), '--force'],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def leave(self):
        if self.way == OTHER_PATH:
            time.sleep(PATIENCE)
        if self.says_goodbye:
            self.old.close()

    def come_back(self):
        """By the group portal, where it may be sent on; by the portals in turn, as long as it takes."""
        isid = 0x800000000001 + (self.way == OTHER_PATH)
        portals = [self.group.address(self.third), self.group.address(self.third, 3261)]
        self.rng.shuffle(portals)

        def attempt():
            portals.append(portals.pop(0))
            try:
                host = Host(portals[-1], self.case.target, initiator=INITIATOR, isid=isid, timeout=LOGIN_WITHIN)
            except (LoginError, Dropped, OSError):
                return None
            if host.address[0] != self.group.address(self.front)[0]:
                return host
            host.close()  # it was sent back before anybody had noticed
            return None

        self.new = eventually(attempt, 60, f'{self}: a login elsewhere')
        self.new.timeout = 30
        self.new.sock.settimeout(30)
        self.new.clear_attentions()

    def write_anew(self):
        """Half of the blocks, so that the others tell what is applied without being covered up."""
        self.anew = {}
        waits = {lba for lba in self.lbas if not self.wakes_after and self.member_of(lba) in self.who}
        for lba in self.lbas[::2]:
            if lba not in waits:
                self.start_anew(lba)
        if self.wakes_after:
            return
        self.collect()
        for lba in self.lbas:
            if lba not in waits:
                self.look(lba, 'before it wakes')
        for lba in self.lbas[::2]:
            if lba in waits:
                self.start_anew(lba)

    def start_anew(self, lba):
        value = (self.number, 'new', lba)
        self.blocks.begins(lba, value)
        self.anew[self.new.start_write(lba, self.blocks.content(lba, value))] = lba

    def collect(self):
        while self.anew:
            tag, status, sense = next(self.new.answers(self.anew, 30), (None, None, None))
            self.case.assertIsNotNone(tag, f'{self}: writes that are not answered')
            lba = self.anew.pop(tag)
            if status == 0:
                self.blocks.holds(lba, (self.number, 'new', lba))
                continue
            self.case.assertIn(ScsiError(status, sense).code[0], NOT_NOW, self)
            self.start_anew(lba)  # its owner was away for longer than a command waits

    def wake_and_look(self, unanswered):
        if not self.wakes_after:
            self.frozen.wake()
        self.collect()
        eventually(self.settled, SETTLED_WITHIN, f'{self}: members that are at rest')
        if not self.says_goodbye:
            self.old.wait_for_the_end()
        for lba in self.lbas:
            self.look(lba, 'in the end')
        applied = {lba for lba in unanswered if self.blocks.may_hold[lba] == {(self.number, 'old', lba)}}
        self.case.never_applied += len(unanswered - applied - set(self.lbas[::2]))
        if self.order:
            self.order.wait(70)

    def settled(self):
        """Every member sees every other one, the old session is gone, and twice in a row no member has written anything."""
        for lba in self.rng.sample(self.lbas, 8):
            self.look(lba, 'while it wakes')
        counts = []
        for _ in range(2):
            for member in (1, 2, 3):
                if any(m['state'] not in ('self', 'up') for m in self.group.ctl(member, 'member', 'list')):
                    return False
            counts.append([self.group.counters(m)['pages_written_bytes'] for m in (1, 2, 3)])
        there = [s for s in self.group.ctl(self.third, 'sessions') if s['initiator'] == INITIATOR]
        return counts[0] == counts[1] and len(there) == 1

    def look(self, lba, when):
        self.blocks.found(lba, self.read(lba), f'{self}: {when}')

    def read(self, lba):
        while True:
            try:
                return self.new.read(lba, BLOCK // 512)
            except ScsiError as error:
                if error.code[0] not in NOT_NOW:
                    raise


if __name__ == '__main__':
    unittest.main()
