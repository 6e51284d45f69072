"""Writes and discards on a volume until the connection ends, and what each of its blocks may hold then: what was
acknowledged last, or what was under way."""
import struct
import threading

from initiator import Dropped

BLOCK = 4096
DEPTH = 16


def stamp(number):
    return struct.pack('>QQ', number, ~number & (1 << 64) - 1) * (BLOCK // 16)


class Blocks:
    """What each block may hold. A writer's thread changes it, others take copies."""

    def __init__(self, count):
        self.may_hold = [{bytes(BLOCK)} for _ in range(count)]
        self.begun = []  # (first, end, value) of all writes, in order
        self.number = 0  # of the newest stamp
        self.lock = threading.Lock()

    def __len__(self):
        return len(self.may_hold)

    def next_stamp(self):
        self.number += 1
        return stamp(self.number)

    def begin(self, first, end, value):
        with self.lock:
            self.begun.append((first, end, value))
            for block in range(first, end):
                self.may_hold[block].add(value)

    def acknowledge(self, first, end, value):
        with self.lock:
            for block in range(first, end):
                self.may_hold[block] = {value}

    def moment(self):
        """For possible_since(): what was acknowledged until now must be there after."""
        with self.lock:
            return [set(values) for values in self.may_hold], len(self.begun)

    def possible_since(self, moment):
        """What blocks may hold that are as they were at some time between that moment and now."""
        may_hold, begun = moment
        with self.lock:
            for first, end, value in self.begun[begun:]:
                for block in range(first, end):
                    may_hold[block].add(value)
        return may_hold

    def check(self, session):
        """Each block is one that it may hold, whole; from now on it is that. Nothing is under way."""
        self.begun.clear()
        for first in range(0, len(self), 64):
            data = session.read(first * 8, 64 * 8)
            for block in range(first, first + 64):
                found = data[(block - first) * BLOCK:][:BLOCK]
                if found not in self.may_hold[block]:
                    possible = ', '.join(sorted(value[:16].hex() for value in self.may_hold[block]))
                    raise AssertionError(f'block {block}: {found[:16].hex()}, may hold {possible}')
                self.may_hold[block] = {found}


class Writer(threading.Thread):
    """Keeps DEPTH writes and discards under way until the connection ends."""

    def __init__(self, session, blocks, rng):
        super().__init__(daemon=True)
        self.session, self.blocks, self.rng = session, blocks, rng
        self.under_way, self.answered, self.error = {}, 0, None
        self.progress = threading.Condition()  # an answer has come, or it has ended
        self.ended = False

    def wait_for_answers(self, count, seconds):
        """False: it has ended before, or the time is over."""
        with self.progress:
            self.progress.wait_for(lambda: self.answered >= count or self.ended, seconds)
            return self.answered >= count

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
        finally:
            with self.progress:
                self.ended = True
                self.progress.notify_all()

    def start_one(self):
        first = self.rng.randrange(len(self.blocks))
        count = min(self.rng.choice((1, 1, 1, 1, 2, 3, 16, 40)), len(self.blocks) - first)
        if any(first < end and begin < first + count for begin, end, _, _ in self.under_way.values()):
            return self.take_answer()
        clears = self.rng.random() < 0.1
        value = bytes(BLOCK) if clears else self.blocks.next_stamp()
        self.blocks.begin(first, first + count, value)
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
        self.blocks.acknowledge(begin, end, value)
        with self.progress:
            self.answered += 1
            self.progress.notify_all()
