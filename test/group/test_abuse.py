"""Hosts and strangers that break every rule: whatever arrives, the process lives, stays small, and serves the next good host."""
import os
import random
import resource
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from initiator import LOGIN_KEYS, Dropped, LoginError, ScsiError, Session, text
from programs import Disposable, Member, free_address, split
from support import BUILD, FULL, MIB, GroupTest, eventually

SEED = 20261125
REQUESTS = {0x00: 'NOP-Out', 0x01: 'SCSI Command', 0x02: 'task management', 0x03: 'login', 0x04: 'text', 0x05: 'Data-Out', 0x06: 'logout',
            0x10: 'SNACK'}
LUN_BYTES = bytes(8)
RESERVED_TAG = 0xffffffff
OUT_OF_SPACE = (7, 0x27, 7)
HELD_READS = 128 * MIB  # what the reads of one session may hold
GROWTH = 48 * MIB  # of one abuser at any time: buffers that are bounded by name, and what the allocator keeps


def header(opcode, flags=0x80, length=0, ahs_words=0, rest=b''):
    return struct.pack('>BBHB3s', opcode, flags, 0, ahs_words, length.to_bytes(3, 'big')) + rest.ljust(40, b'\0')


def login_header(length, csg=0, nsg=1, transit=True, tag=1):
    flags = transit << 7 | csg << 2 | nsg
    return header(0x43, flags, length, rest=(0x800000000001).to_bytes(6, 'big') + bytes(2) + struct.pack('>IHHII', tag, 0, 0, 1, 0))


def login_request(keys, **more):
    data = keys if isinstance(keys, bytes) else text(keys)
    return login_header(len(data), **more) + data + bytes(-len(data) % 4)


def command(tag, cmd_sn, cdb, flags=0x81, expected=0, length=0):
    return header(0x01, flags, length, rest=LUN_BYTES + struct.pack('>IIII', tag, expected, cmd_sn, 0) + cdb.ljust(16, b'\0'))


def read_16(lba, blocks):
    return struct.pack('>BBQIBB', 0x88, 0, lba, blocks, 0, 0)


def raise_descriptor_limit(needed):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise unittest.SkipTest(f'this process may open {hard} files, and needs {needed}; raise the hard limit (ulimit -Hn)')
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def ended(sock, seconds=5):
    """Whether the other side closes; what it says before is nobody's concern here."""
    sock.settimeout(seconds)
    try:
        while sock.recv(1 << 16):
            pass
        return True
    except socket.timeout:
        return False
    except OSError:
        return True


def pour(sock, data):
    """As much as the other side takes before it closes."""
    try:
        sock.sendall(data)
    except OSError:
        pass


def say_no_more(sock):
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:  # closed by the other side already
        pass


class Abuse(unittest.TestCase):
    """One process for all tests of a class; each test ends with a good host that is served by it."""
    config = {}

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.target = Member(cls.folder.name, **{'log_level': 'error', **cls.config})
        cls.target.ask('volume', 'create', 'demo', '1GiB')
        cls.iqn = cls.target.ask('volume', 'show', 'demo')['iqn']

    @classmethod
    def tearDownClass(cls):
        cls.target.__exit__()
        cls.folder.cleanup()

    def setUp(self):
        self.random = random.Random(SEED)
        self.check_a_good_host()
        self.resident = self.target.resident_bytes()

    def tearDown(self):
        self.assertTrue(self.target.alive(), self.target.said())
        self.check_a_good_host()
        self.assert_small()

    def check_a_good_host(self):
        with self.session(isid=0x80000000aaaa) as s:
            block = os.urandom(4096)
            s.write(2048, block)
            self.assertEqual(s.read(2048, 8), block)

    def assert_small(self, limit=GROWTH):
        self.assertLess(self.target.resident_bytes() - self.resident, limit)

    def session(self, **more):
        s = Session(self.target.portal, self.iqn, **more)
        s.clear_attentions()
        return s

    def connect(self):
        sock = socket.create_connection(self.target.portal, 10)
        self.addCleanup(sock.close)
        return sock

    def assert_ends(self, sock, seconds=5):
        self.assertTrue(ended(sock, seconds), 'the connection is open still')

    def login_keys(self, **more):
        return {'InitiatorName': 'iqn.2026-11.io.shoal:abuser', 'TargetName': self.iqn, **LOGIN_KEYS, **more}


class BeforeLogin(Abuse):
    config = dict(limits={'failed_logins_per_minute': 1_000_000})

    def test_garbage_is_closed(self):
        for length in (1, 47, 48, 49, 1000, 100_000):
            sock = self.connect()
            pour(sock, bytes([0x3f]) + self.random.randbytes(length - 1))
            say_no_more(sock)
            self.assert_ends(sock)

    def test_every_request_but_login_is_closed(self):
        for opcode in [*REQUESTS, *range(0x20, 0x40)]:
            if opcode != 0x03:
                sock = self.connect()
                pour(sock, header(opcode | 0x40))
                self.assert_ends(sock)

    def test_huge_lengths_are_refused_by_their_header(self):
        for opcode in [o | immediate for o in REQUESTS for immediate in (0, 0x40)]:
            for length, ahs_words in ((0xffffff, 0), (8193, 0), (0xffffff, 255), (0, 255)):
                sock = self.connect()
                pour(sock, header(opcode, 0x87, length, ahs_words))
                self.assert_ends(sock)
        self.assert_small(8 * MIB)

    def test_a_login_cut_off_anywhere_leaves_nothing(self):
        base = self.target.descriptors()
        whole = login_request(self.login_keys())
        for count in range(len(whole)):
            sock = socket.create_connection(self.target.portal, 10)
            sock.sendall(whole[:count])
            sock.close()
        eventually(lambda: self.target.descriptors() <= base, 5, 'the end of all connections')

    def test_wrong_logins_are_refused_with_a_status(self):
        initiator_error = 0x0200
        for wrong, status in ((self.login_keys(TargetName='iqn.2026-11.io.shoal:nowhere'), 0x0203), (self.login_keys(AuthMethod='CHAP'), 0x0201),
                              (self.login_keys(SessionType='Weird'), 0x0209), (b'\0' * 100, 0x0207),
                              (self.login_keys(InitiatorAlias='x' * 5000), initiator_error),
                              (self.login_keys(**{f'X-key-{i}': 'v' for i in range(500)}), initiator_error), (b'no separator\0', initiator_error),
                              (b'=\0', initiator_error), (b'InitiatorName=\0', initiator_error), (b'\xff' * 100 + b'=\0', initiator_error),
                              (b'InitiatorName=a\0InitiatorName=b\0', initiator_error), (b'A=' + b'b' * 200, initiator_error)):
            with self.subTest(str(wrong)[:80]):
                sock = self.connect()
                pour(sock, login_request(wrong))
                answer = sock.recv(48, socket.MSG_WAITALL)
                self.assertEqual((answer[0], int.from_bytes(answer[36:38], 'big')), (0x23, status))
                self.assert_ends(sock)

    def test_stages_out_of_order_are_refused(self):
        for csg, nsg in ((0, 0), (1, 0), (1, 1), (2, 3), (3, 3), (3, 0), (0, 2)):
            sock = self.connect()
            pour(sock, login_request(self.login_keys(), csg=csg, nsg=nsg))
            self.assert_ends(sock)

    def test_a_login_that_never_ends_its_text_is_refused(self):
        sock = self.connect()
        data = b'X' * 4096
        for _ in range(100):
            pour(sock, header(0x43, 0x40, len(data), rest=bytes(8) + struct.pack('>IHHII', 1, 0, 0, 1, 0)) + data)
        self.assert_ends(sock)
        self.assert_small(8 * MIB)

    def test_random_changes_to_a_login_are_survived(self):
        whole = login_request(self.login_keys())
        for _ in range(300):
            changed = bytearray(whole)
            for _ in range(self.random.randint(1, 8)):
                changed[self.random.randrange(len(changed))] = self.random.randrange(256)
            sock = socket.create_connection(self.target.portal, 10)
            pour(sock, bytes(changed))
            sock.close()

    def test_a_thousand_connections_come_and_go(self):
        base = self.target.descriptors()
        for i in range(1000):
            sock = socket.create_connection(self.target.portal, 10)
            if i % 3 == 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))  # a reset
            elif i % 3 == 1:
                sock.sendall(login_request(self.login_keys()))
            sock.close()
        eventually(lambda: self.target.descriptors() <= base, 10, 'the end of all connections')
        self.assert_small(16 * MIB)

    def test_requests_without_a_good_login_are_nobodys(self):
        self.assertEqual(self.target.ask('sessions'), [])


class Limits(Abuse):
    config = dict(login_timeout_s=1, limits={'half_open': 8, 'connections': 16})

    def test_a_login_that_takes_too_long_is_closed(self):
        silent, slow, begun = self.connect(), self.connect(), self.connect()
        start = time.monotonic()
        slow.sendall(login_request(self.login_keys())[:60])
        begun.sendall(login_request(self.login_keys()))
        for sock in (silent, slow, begun):
            self.assert_ends(sock)
        self.assertGreater(time.monotonic() - start, 0.9)

    def test_a_slow_trickle_does_not_prolong_it(self):
        sock, stop = self.connect(), time.monotonic() + 4
        for byte in login_request(self.login_keys()):
            if select.select([sock], [], [], 0.05)[0] or time.monotonic() > stop:
                break
            sock.sendall(bytes([byte]))
        self.assertLess(time.monotonic(), stop)
        self.assert_ends(sock, 1)

    def test_the_oldest_that_does_not_log_in_makes_room(self):
        waiting = [self.connect() for _ in range(8)]
        with self.session():
            self.assertTrue(ended(waiting[0], 0.5), 'the oldest is there still')
            self.assertFalse(ended(waiting[-1], 0.01), 'the newest has gone')
        for sock in waiting:
            self.assert_ends(sock)

    def test_beyond_the_connection_limit_a_new_one_is_closed_and_sessions_stay(self):
        sessions = [self.session(isid=0x800000000100 + i) for i in range(16)]
        extra = self.connect()
        self.assert_ends(extra, 1)
        for s in sessions:
            s.test_unit_ready()
        for s in sessions:
            s.close()
        eventually(lambda: not self.target.ask('sessions'), 5, 'the end of the sessions')


class HalfOpen(Abuse):
    """Connections by the thousand that do not log in, from the address of a host that does."""
    count = 10_000 if FULL else 2_000
    connections = 256  # that one address may have

    def setUp(self):
        raise_descriptor_limit(self.count + 100)
        super().setUp()

    def flood(self, first_words=b''):
        sockets = []
        for _ in range(self.count):
            sock = socket.create_connection(self.target.portal, 10)
            pour(sock, first_words)
            sockets.append(sock)
        return sockets

    def fastest_login(self):
        """Of several: the machine may be busy with something else."""
        seconds = []
        for i in range(5):
            begun = time.monotonic()
            self.session(isid=0x800000000200 + i).close()
            seconds.append(time.monotonic() - begun)
        return min(seconds)

    def assert_a_host_gets_in(self, first_words):
        base = self.target.descriptors()
        sockets = self.flood(first_words)
        self.assertLess(self.fastest_login(), 0.1)
        self.assertLessEqual(self.target.descriptors(), base + self.connections)
        self.assert_small(16 * MIB)
        for sock in sockets:
            sock.close()
        eventually(lambda: self.target.descriptors() <= base, 10, 'the end of all connections')
        eventually(lambda: self.target.resident_bytes() - self.resident < 8 * MIB, 5, 'the memory of all connections')

    def test_silent_ones_do_not_keep_it_out(self):
        self.assert_a_host_gets_in(b'')

    def test_begun_logins_do_not_keep_it_out(self):
        keys = {'InitiatorName': 'iqn.2026-11.io.shoal:abuser', 'SessionType': 'Discovery', **{f'X-{i}': 'v' * 100 for i in range(60)}}
        self.assert_a_host_gets_in(login_request(keys, transit=False))

    def test_cut_off_requests_do_not_keep_it_out(self):
        self.assert_a_host_gets_in(login_header(8000) + bytes(7000))


class DiscoverySessions(Abuse):
    """Of a stranger who has no secret and stays."""
    config = dict(limits={'connections': 32, 'sessions': 16}, ping_interval_s=1)

    def test_they_do_not_keep_out_a_host_nor_end_its_session(self):
        with self.session(isid=0x800000000900) as there:
            stays = [Session(self.target.portal, None, session_type='Discovery', isid=i, source='127.0.0.9') for i in range(100)]
            with self.session(isid=0x800000000901) as comes:
                comes.test_unit_ready()
            there.test_unit_ready()
            self.assertLessEqual(self.target.ask('status')['counters']['discovery_sessions'], 31)
            for s in stays:
                s.sock.close()


class LittleMemory(unittest.TestCase):
    """A process that may have few addresses ends nobody: hosts are told that the volume is full."""
    addresses = 400 * MIB

    def test_writes_beyond_it_are_refused(self):
        if not shutil.which('prlimit'):
            self.skipTest('no prlimit; install util-linux')
        with tempfile.TemporaryDirectory() as folder, Member(folder, wrapper=['prlimit', f'--as={self.addresses}']) as target:
            self.assertIn('limits_lowered memory_bytes=', target.said())
            target.ask('volume', 'create', 'demo', '1GiB')
            with target.session() as s, self.assertRaises(ScsiError) as refused:
                for at in range(0, 1024 * MIB, MIB):
                    s.write(at // 512, os.urandom(MIB))
            self.assertEqual(refused.exception.code, OUT_OF_SPACE)
            readers = [target.session(isid=0x800000000a00 + i) for i in range(8)]
            for s in readers:
                pour(s.sock, b''.join(command(100 + i, s.cmd_sn + i, read_16(0, 8192), 0xc1, 4 * MIB) for i in range(32)))
            time.sleep(1)  # for reads that nobody takes to fill what they may
            self.assertTrue(target.alive(), target.said())
            for s in readers:
                s.sock.close()
            with target.session() as s:
                s.read(0, 2048)
            self.assertEqual(target.end(), 0)


class ManySessions(Abuse):
    """What a session costs that is there and does little."""
    count = 1000 if FULL else 200
    bytes_each = 64 * 1024

    def test_each_is_small(self):
        before = self.target.anonymous_bytes()
        url = f'iscsi://{self.target.portal[0]}:{self.target.portal[1]}/{self.iqn}/0'
        load = subprocess.Popen([str(BUILD / 'tools' / 'shoal-bench'), url, '--json', '--sessions', str(self.count), '--depth', '1',
                                 '--pattern', 'randread', '--seconds', '3'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            eventually(lambda: len(self.target.ask('sessions')) >= self.count, 60, 'all sessions')
            time.sleep(1)  # of load on all of them
            growth = self.target.anonymous_bytes() - before
        finally:
            out, err = load.communicate(timeout=120)
        self.assertEqual(load.returncode, 0, err)
        self.assertLessEqual(growth // self.count, self.bytes_each)
        print(f'shown: {self.count} sessions of {growth // self.count} bytes each', file=sys.stderr)


class FailedLogins(Abuse):
    config = dict(limits={'failed_logins_per_minute': 6, 'sessions': 4})

    def fail(self, source):
        with self.assertRaises(LoginError) as caught:
            Session(self.target.portal, 'iqn.2026-11.io.shoal:nowhere', source=source)
        return caught.exception.status

    def test_an_address_that_fails_often_is_told_to_wait_and_others_are_not(self):
        seen = [self.fail('127.0.0.3') for _ in range(8)]
        self.assertEqual(seen, [0x0203] * 6 + [0x0302] * 2)
        begun = time.monotonic()
        self.session(source='127.0.0.4', isid=0x800000000300).close()
        self.assertLess(time.monotonic() - begun, 2)
        self.assertGreaterEqual(self.target.ask('status')['counters']['delayed_logins'], 2)

    def test_beyond_the_limit_of_sessions_a_login_is_told_so(self):
        sessions = [self.session(isid=0x800000000400 + i) for i in range(4)]
        with self.assertRaises(LoginError) as caught:
            self.session(isid=0x800000000500)
        self.assertEqual(caught.exception.status, 0x0302)
        sessions.append(self.session(isid=0x800000000400))  # who has one may come back
        for s in sessions:
            s.close()
        eventually(lambda: len(self.target.ask('sessions')) <= 1, 5, 'the end of the sessions')


class SharedName(Abuse):
    config = dict(log_level='warn')

    def test_two_hosts_of_one_name_do_not_end_each_others_sessions_for_ever(self):
        sources, refused, served = ['127.0.0.5', '127.0.0.6'], 0, []
        for i in range(40):
            try:
                served.append(self.session(isid=0x800000000600, source=sources[i % 2]))
            except LoginError as error:
                self.assertEqual(error.status, 0x0302)
                refused += 1
        self.assertGreaterEqual(refused, 18)
        served[-1].test_unit_ready()
        self.assertEqual(self.target.said().count('initiator_name_shared'), 1)
        self.assertEqual(self.target.ask('status')['counters']['shared_names'], refused)
        for s in served:
            s.close()


class SlowReaders(Abuse):
    config = dict(limits={'held_read_bytes': 96 * MIB, 'commands_per_session': 256})

    def test_reads_that_nobody_takes_hold_a_bounded_amount(self):
        readers = [self.session(isid=0x800000000700 + i) for i in range(4)]
        self.resident = self.target.resident_bytes()
        for s in readers:
            pour(s.sock, b''.join(command(100 + i, s.cmd_sn + i, read_16(0, 2048), 0xc1, MIB) for i in range(256)))
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            self.assert_small(96 * MIB + 16 * MIB)
            time.sleep(0.05)
        self.check_a_good_host()
        for s in readers:
            s.close()

    def test_hosts_that_hold_the_longest_reads_do_not_keep_others_from_reading(self):
        readers = []
        for i, blocks in enumerate([65536, 32768, 16384, 8192, 4096, 2048, 1024, 512, 256] * 3):
            readers.append(self.session(isid=0x800000000780 + i))
            pour(readers[-1].sock, b''.join(command(100 + n, readers[-1].cmd_sn + n, read_16(0, blocks), 0xc1, blocks * 512) for n in range(8)))
        begun = time.monotonic()
        self.check_a_good_host()
        self.assertLess(time.monotonic() - begun, 5, 'served only when the others were closed')
        for s in readers:
            s.close()


class AfterLogin(Abuse):
    config = dict(store='store')  # so that what is read takes memory on its way

    def assert_session_ends(self, session, seconds=5):
        self.assertTrue(ended(session.sock, seconds), 'the session is open still')

    def test_huge_lengths_are_refused_by_their_header(self):
        for opcode in REQUESTS:
            for length, ahs_words in ((0xffffff, 0), (0x800001, 0), (0xffffff, 255)):
                with self.session() as s:
                    pour(s.sock, header(opcode, 0x80, length, ahs_words) + bytes(64 * 1024))
                    say_no_more(s.sock)
                    self.assert_session_ends(s)
                    self.assert_small()

    def test_requests_cut_off_anywhere_leave_nothing(self):
        base = self.target.descriptors()
        for opcode in REQUESTS:
            for count in range(0, 112, 7):
                with self.session() as s:
                    pour(s.sock, (header(opcode, 0x80, 64, rest=LUN_BYTES + struct.pack('>IIII', 9, 64, s.cmd_sn, 0)) + bytes(64))[:count])
        eventually(lambda: self.target.descriptors() <= base, 5, 'the end of all connections')

    def test_answers_of_a_target_and_unknown_requests_are_rejected_or_closed(self):
        for opcode in [*range(0x07, 0x10), *range(0x11, 0x40)]:
            with self.session() as s:
                pour(s.sock, header(opcode, 0x80, rest=LUN_BYTES + struct.pack('>IIII', 7, 0, s.cmd_sn, 0)))
                self.assert_served_or_ended(s)

    def assert_served_or_ended(self, session):
        try:
            session.ping()
        except (Dropped, OSError):
            pass

    def test_a_login_in_full_feature_phase_is_refused(self):
        with self.session() as s:
            pour(s.sock, login_request(self.login_keys()))
            self.assert_served_or_ended(s)

    def test_data_that_nobody_asked_for_is_no_write(self):
        with self.session() as s:
            for tag, ttt in ((99, 1), (RESERVED_TAG, RESERVED_TAG), (1, RESERVED_TAG)):
                pour(s.sock, header(0x05, 0x80, 512, rest=LUN_BYTES + struct.pack('>IIIIIII', tag, ttt, 0, 0, 0, 0, 0)) + b'!' * 512)
            self.assert_served_or_ended(s)
        with self.session() as s:
            self.assertNotIn(b'!' * 512, s.read(0, 64))

    def test_a_text_storm_stays_small(self):
        with self.session() as s:
            answers = threading.Thread(target=ended, args=(s.sock, 2), daemon=True)
            answers.start()
            data = b''.join(b'X-%d=v\0' % i for i in range(500))
            request = header(0x44, 0x80, len(data), rest=LUN_BYTES + struct.pack('>IIII', 5, RESERVED_TAG, s.cmd_sn, 0))
            for _ in range(2000):
                pour(s.sock, request + data + bytes(-len(data) % 4))
            self.assert_small()
            say_no_more(s.sock)
            answers.join(10)

    def test_pings_whose_answers_are_not_taken_stay_small(self):
        with self.session() as s:
            s.sock.settimeout(3)
            data = bytes(4096)
            ping = header(0x40, 0x80, len(data), rest=LUN_BYTES + struct.pack('>IIII', 5, RESERVED_TAG, s.cmd_sn, 0)) + data
            pour(s.sock, ping * 20_000)
            self.assert_small()

    def test_a_reader_that_reads_nothing_stays_small(self):
        with self.session() as s:
            for at in range(0, 64 * MIB, 4 * MIB):
                s.write(at // 512, self.random.randbytes(4 * MIB))
            self.resident = self.target.resident_bytes()
            pour(s.sock, b''.join(command(100 + i, s.cmd_sn + i, read_16(0, 32768), 0xc1, 16 * MIB) for i in range(128)))
            deadline = time.monotonic() + 2
            while time.monotonic() < deadline:
                self.assert_small(HELD_READS + GROWTH)
                time.sleep(0.05)
            self.check_a_good_host()
        eventually(lambda: self.target.resident_bytes() - self.resident < GROWTH, 5, 'the memory of the session that has gone')

    def test_writes_that_never_send_their_data_stay_small(self):
        with self.session() as s:
            cdb = struct.pack('>BBQIBB', 0x8a, 0, 0, 16 * MIB // 512, 0, 0)
            pour(s.sock, b''.join(command(100 + i, s.cmd_sn + i, cdb, 0xa1, 16 * MIB) for i in range(128)))
            self.check_a_good_host()
            self.assert_small()

    def test_random_commands_are_answered(self):
        with self.session() as s:
            for _ in range(500):
                cdb = bytes([self.random.choice([0x00, 0x03, 0x08, 0x12, 0x1a, 0x25, 0x28, 0x5a, 0x88, 0x9e, 0xa0, 0xa3,
                                                 self.random.randrange(256)])]) + self.random.randbytes(15)
                try:
                    s.command(cdb, expect=self.random.choice([0, 1, 512, 65536]))
                except ScsiError:
                    pass

    def test_random_requests_are_survived(self):
        for _ in range(100):
            with self.session() as s:
                for _ in range(5):
                    length = self.random.choice([0, 0, 0, 16, 512])
                    rest = bytearray(LUN_BYTES + struct.pack('>IIII', 7, 512, s.cmd_sn, 0) + self.random.randbytes(16))
                    rest[self.random.randrange(40)] ^= 1 << self.random.randrange(8)
                    pour(s.sock, header(self.random.choice(list(REQUESTS)) | self.random.choice([0, 0x40]), self.random.randrange(256), length,
                                        rest=bytes(rest)) + bytes(length))

    def test_more_commands_than_the_window_has_are_ignored_and_the_rest_is_answered(self):
        with self.session() as s:
            pour(s.sock, b''.join(command(100 + i, s.cmd_sn + i, bytes(6)) for i in range(5000)))
            self.assert_served_or_ended(s)

    def test_commands_behind_a_login_wait_for_its_end(self):
        s = Session.__new__(Session)
        s.timeout = 5
        s.connect(self.target.portal)
        self.addCleanup(s.close)
        s.sock.sendall(login_request(self.login_keys(), nsg=3) + b''.join(command(10 + i, 1 + i, bytes(6)) for i in range(20)))
        self.assertEqual(s.receive(0x23)[0][36:38], b'\0\0')
        tags = [int.from_bytes(s.receive(0x21)[0][16:20], 'big') for _ in range(20)]
        self.assertEqual(tags, list(range(10, 30)))


class OtherPorts(Abuse):
    @classmethod
    def setUpClass(cls):
        cls.config = {'control': free_address()}
        super().setUpClass()

    def test_garbage_on_the_control_port_is_closed(self):
        for length in (1, 100, 10_000, 200_000):
            sock = socket.create_connection(split(self.config['control']), 10)
            self.addCleanup(sock.close)
            pour(sock, self.random.randbytes(length) + b'\r\n\r\n')
            self.assert_ends(sock)
        self.assertEqual(self.target.ask('status')['state'], 'serving')

    def test_a_chunked_body_without_an_end_is_refused(self):
        sock = socket.create_connection(split(self.config['control']), 10)
        self.addCleanup(sock.close)
        pour(sock, b'POST /volumes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' + b'1000\r\n' + bytes(4096) + b'\r\n')
        pour(sock, (b'1000\r\n' + bytes(4096) + b'\r\n') * 50)
        self.assert_ends(sock)


class PeerPort(GroupTest):
    members = 2
    arguments = ('--volume', 'demo:8MiB:1MiB')

    def test_strangers_at_the_port_of_the_other_members_are_closed_and_the_members_stay_linked(self):
        noise = random.Random(SEED)
        with self.group.session(1, 'demo') as s:
            for length in (1, 40, 1000, 100_000, 1_000_000):
                for first in (b'', b'SHOAL', b'\xff' * 16, bytes(64)):
                    with socket.create_connection(self.group.address(1, 3262), 10) as sock:
                        pour(sock, first + noise.randbytes(length))
                        say_no_more(sock)
                        self.assertTrue(ended(sock), 'the connection is open still')
            block = os.urandom(8 * MIB)
            s.write(0, block)
            self.assertEqual(s.read(0, len(block) // 512), block)
        self.assertEqual({m['state'] for m in self.group.ctl(1, 'member', 'list')}, {'self', 'up'})

    def test_a_stranger_that_says_nothing_is_closed(self):
        with socket.create_connection(self.group.address(1, 3262), 10) as sock:
            self.assertTrue(ended(sock, 10), 'the connection is open still')


class DisposableAbuse(unittest.TestCase):
    def test_a_disposable_target_outlives_a_storm_of_broken_logins(self):
        with Disposable() as target:
            noise = random.Random(SEED)
            for _ in range(200):
                with socket.create_connection(target.portal, 10) as sock:
                    pour(sock, bytes([0x43]) + noise.randbytes(noise.randrange(200)))
            target.session().close()
            self.assertEqual(target.ready['pid'], target.process.pid)
            self.assertTrue(target.alive())


if __name__ == '__main__':
    unittest.main()
