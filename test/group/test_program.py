"""What a user of the programs meets: disposable targets for test rigs, one server by hand, and shoalctl."""
import json
import os
import shutil
import signal
import socket
import statistics
import tempfile
import threading
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from initiator import Dropped, ScsiError, Session
from programs import SHOALCTL, SHOALD, Disposable, Member, Program, free_address, run, split
from support import MIB, eventually

GENEROUS_START_SECONDS = 2  # the median that is printed is the measurement; this only finds a start that hangs
OUT_OF_SPACE = (7, 0x27, 7)


class Folder(unittest.TestCase):
    """A folder of its own for each test."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


class DisposableTarget(Folder):
    def test_the_start_is_measured(self):
        seconds = []
        for _ in range(5):
            with Disposable() as target:
                seconds.append(target.seconds)
        print(f'median start {statistics.median(seconds) * 1000:.0f} ms ', end='', flush=True)
        self.assertLess(statistics.median(seconds), GENEROUS_START_SECONDS)

    def test_the_tools_of_libiscsi_work_with_its_url(self):
        if not shutil.which('iscsi-inq'):
            self.skipTest('no iscsi-inq; install libiscsi-bin')
        with Disposable('--volume', 'scratch:1GiB', '--volume', 'more:64MiB') as target:
            self.assertIn('Peripheral Device Type:DIRECT_ACCESS', run(['iscsi-inq', target.url]).stdout)
            self.assertIn('Total size:1073741824', run(['iscsi-readcapacity16', target.url]).stdout)
            listed = run(['iscsi-ls', '-s', 'iscsi://' + target.ready['portal']]).stdout
            for volume in target.ready['volumes']:
                self.assertIn(volume['iqn'], listed)

    def test_two_run_side_by_side_and_share_nothing(self):
        with Disposable() as one, Disposable() as two:
            self.assertNotEqual(one.portal, two.portal)
            with one.session() as a, two.session() as b:
                a.write(0, b'1' * 4096)
                b.write(0, b'2' * 4096)
                self.assertEqual(a.read(0, 8), b'1' * 4096)
                self.assertNotEqual(a.inquiry(0x83), b.inquiry(0x83))

    def test_many_volumes_on_an_ipv6_address(self):
        words = [word for i in range(8) for word in ('--volume', f'v{i}:{i + 1}MiB')]
        with Disposable(*words, '--listen', '[::1]:0') as target:
            self.assertEqual(target.portal[0], '::1')
            for i, volume in enumerate(target.ready['volumes']):
                with Session(target.portal, volume['iqn']) as s:
                    s.clear_attentions()
                    s.write((i + 1) * MIB // 512 - 8, bytes([i]) * 4096)
                    with self.assertRaises(ScsiError):
                        s.read((i + 1) * MIB // 512, 1)

    def test_a_killed_one_in_memory_leaves_nothing(self):
        with Disposable('--volume', 'scratch:64MiB', env={**os.environ, 'TMPDIR': str(self.folder)}) as target:
            with target.session() as s:
                s.write(0, b'w' * 4096)
                self.assertEqual(os.listdir(self.folder), [])
                target.end(signal.SIGKILL)
            self.assertEqual(os.listdir(self.folder), [])

    def test_its_port_is_free_again_at_once(self):
        with Disposable() as first:
            with first.session() as s:
                s.write(0, b'w' * 512)
                first.end()
            with Disposable('--volume', 'scratch:1GiB', '--listen', first.ready['portal']) as second:
                self.assertEqual(second.portal, first.portal)

    def test_a_used_port_is_named(self):
        with Disposable() as target:
            second = run([SHOALD, '--ephemeral', '--volume', 'scratch:1GiB', '--listen', target.ready['portal']])
            self.assertNotEqual(second.returncode, 0)
            self.assertEqual(second.stdout, '')
            self.assertIn(target.ready['portal'], second.stderr)
            self.assertEqual(len(second.stderr.splitlines()), 1, second.stderr)


class SingleServer(Folder):
    def test_volumes_identity_and_data_survive_a_restart_and_a_crash(self):
        with Member(self.folder, store='store') as member:
            member.ask('volume', 'create', 'demo', '64MiB', '--page', '1MiB')
            with member.session() as s:
                s.write(4096, b'kept' * 1024, fua=True)
                identity = s.inquiry(0x83)
            serial, pages = member.ask('volume', 'show', 'demo')['serial'], member.ask('map', 'demo')['hash']
            self.assertEqual(member.end(), 0)
        for number in (signal.SIGKILL, signal.SIGTERM):
            with Member(self.folder, store='store') as member, member.session() as s:
                self.assertEqual(s.read(4096, 8), b'kept' * 1024)
                self.assertEqual(s.inquiry(0x83), identity)
                self.assertEqual(member.ask('volume', 'show', 'demo')['serial'], serial)
                self.assertEqual(member.ask('map', 'demo')['hash'], pages)
                member.end(number)

    def test_every_key_of_the_configuration_on_ipv6(self):
        (self.folder / 'token').write_text('open sesame\n')
        keys = dict(member=7, group='here.v6', group_portals=[free_address('::1'), free_address('127.0.0.1')],
                    member_portal=free_address('::1'), control=free_address('::1'), control_token_file='token', store='pages',
                    metadata={'sqlite': 'metadata.db'}, iqn_prefix='iqn.2001-04.com.example', redirect='none', log_level='debug',
                    page_hold_s=3, login_timeout_s=4, ping_interval_s=5,
                    limits={'connections': 10, 'half_open': 5, 'commands_per_session': 32})
        with Member(self.folder, **keys) as member:
            member.ask('volume', 'create', 'demo', '64MiB')
            for portal in [*keys['group_portals'], keys['member_portal']]:
                self.assertIn('iqn.2001-04.com.example:demo', self.discovered(portal))
            with member.session() as s:
                s.write(0, b'6' * 4096)
                self.assertEqual(s.read(0, 8), b'6' * 4096)
            status = member.ask('status')
            self.assertEqual((status['member'], status['group']), (7, 'here.v6'))

    def discovered(self, portal):
        with Session(split(portal), None, session_type='Discovery') as s:
            return s.send_targets()

    def test_metadata_of_another_process_are_refused(self):
        with Member(self.folder):
            with Member(self.folder, wait=False) as second:
                self.assertNotEqual(second.process.wait(15), 0)
                lines = [line for line in second.said().splitlines() if line.startswith('shoald: ')]
                self.assertEqual(len(lines), 1, second.said())
                self.assertIn('metadata.db', lines[0])

    def test_a_configuration_that_is_no_json_or_cannot_be_read_is_named(self):
        path = self.folder / 'config.json'
        for text, expected in (('{"group_portals": [', 'not valid JSON'), ('[]', 'expected a JSON object'), ('{}', 'group_portals'),
                               ('{"group_portals": "127.0.0.1:0"}', 'a list'), ('{"group_portals": ["127.0.0.1:0"]}', '"metadata"'),
                               ('{"limits": {"connections": "many"}}', '"limits.connections"'),
                               ('{"limits": {"connection": 1}}', '"limits.connection"')):
            with self.subTest(text):
                path.write_text(text)
                self.refused(path, str(path), expected)
        self.refused(self.folder, str(self.folder))

    def refused(self, path, *expected):
        result = run([SHOALD, '--config', str(path)])
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for words in expected:
            self.assertIn(words, result.stderr)

    def test_what_is_of_others_is_no_store(self):
        (self.folder / 'photos').mkdir()
        (self.folder / 'cat.jpg').write_text('meow')
        self.stopped(dict(store='photos'), 'photos', 'no file or block device', '"store"')
        self.stopped(dict(store='cat.jpg'), 'cat.jpg', 'something else', '"store"')
        self.assertEqual((self.folder / 'cat.jpg').read_text(), 'meow')

    def stopped(self, keys, *expected, wrapper=()):
        with Member(self.folder, wait=False, wrapper=wrapper, log_level='error', **keys) as member:
            self.assertNotEqual(member.process.wait(15), 0)
            self.assertEqual(len(member.said().splitlines()), 1, member.said())
            for words in expected:
                self.assertIn(words, member.said())

    def test_a_damaged_store_is_named(self):
        with Member(self.folder, store='store') as member:
            member.ask('volume', 'create', 'demo', '64MiB')
        with open(self.folder / 'store', 'r+b') as store:
            store.write(b'x' * 128 * 1024)
        self.stopped(dict(store='store'), 'store', 'superblocks are damaged')

    def test_a_store_whose_metadata_were_lost_is_not_served_with_new_ones(self):
        with Member(self.folder, store='store') as member:
            member.ask('volume', 'create', 'a', '64MiB')
            with member.session('a') as s:
                s.write(0, b'old' + bytes(4093))
        (self.folder / 'metadata.db').rename(self.folder / 'kept.db')
        self.stopped(dict(store='store'), 'store', 'belongs to group', 'give back the metadata')
        (self.folder / 'kept.db').rename(self.folder / 'metadata.db')
        with Member(self.folder, store='store') as member, member.session('a') as s:
            self.assertEqual(s.read(0, 1)[:3], b'old')

    def test_a_folder_that_cannot_be_written_is_named(self):
        if os.geteuid() == 0:
            self.stopped(dict(store='/sys/kernel'), '/sys/kernel', '"store"')  # nothing else refuses root
        else:
            (self.folder / 'locked').mkdir(mode=0o500)
            self.stopped(dict(store='locked/store'), 'locked/store', '"store"')


class SmallDisk(Folder):
    """A store on a file system of a few MiB, in a mount namespace that ends with its process."""

    def setUp(self):
        super().setUp()
        (self.folder / 'disk').mkdir()
        probe = run(['unshare', '-m', 'mount', '-t', 'tmpfs', 'none', str(self.folder / 'disk')]) if shutil.which('unshare') else None
        if not probe or probe.returncode:
            self.skipTest('needs a mount namespace of its own (root): ' + (probe.stderr.strip() if probe else 'no unshare'))

    def on_small_disk(self, options):
        return ['unshare', '-m', 'sh', '-c', f'mount -t tmpfs -o {options} none "$0" && exec "$@"', str(self.folder / 'disk')]

    def test_a_full_disk_at_the_start_is_named(self):
        full = self.on_small_disk('size=1m')
        with Member(self.folder, wait=False, wrapper=full, store='disk/store', log_level='error') as member:
            self.assertNotEqual(member.process.wait(15), 0)
            self.assertEqual(len(member.said().splitlines()), 1, member.said())
            self.assertIn('disk/store', member.said())
            self.assertIn('no room', member.said())

    def test_a_disk_that_fills_up_refuses_writes_and_serves_reads(self):
        limits = {'store_journal_bytes': MIB}
        keys = dict(store='disk/store', metadata={'sqlite': 'disk/metadata.db'}, limits=limits)
        with Member(self.folder, wrapper=self.on_small_disk('size=32m'), **keys) as member:
            member.ask('volume', 'create', 'demo', '64MiB', '--page', '1MiB')
            with member.session() as s:
                s.write(0, b'first' * 4096 + bytes(4096 * 3))
                refusal = self.fill(s)
                self.assertEqual(refusal.code, OUT_OF_SPACE)
                self.assertEqual(s.read(0, 8), (b'first' * 4096)[:4096])
                s.test_unit_ready()
                self.assertEqual(s.read(63 * MIB // 512, 8), bytes(4096))
            with member.session() as s:
                self.assertEqual(s.read(0, 8), (b'first' * 4096)[:4096])
            self.assertEqual(member.ask('status')['state'], 'serving')
            member.ask('volume', 'delete', 'demo')  # the metadata have room on the same disk

    def test_a_file_that_may_not_grow_is_like_a_full_disk(self):
        limits = {'store_journal_bytes': MIB}
        with Member(self.folder, wrapper=['prlimit', f'--fsize={16 * MIB}'], store='store', limits=limits) as member:
            member.ask('volume', 'create', 'demo', '64MiB', '--page', '1MiB')
            with member.session() as s:
                self.assertEqual(self.fill(s).code, OUT_OF_SPACE)
                s.test_unit_ready()
            self.assertEqual(member.ask('status')['state'], 'serving')

    def fill(self, session):
        for page in range(1, 64):
            try:
                session.write(page * MIB // 512, os.urandom(MIB))
            except ScsiError as error:
                return error
        self.fail('the disk took more than it has')


class StandardError(Folder):
    """Hosts are served and the program ends whatever becomes of who reads its log."""
    longest_name = 'iqn.' + 'x' * 219
    pipe_bytes = 64 * 1024

    def member(self, writer):
        member = Member(self.folder, errors=os.fdopen(writer, 'wb', 0), log_level='info')
        member.ask('volume', 'create', 'demo', '16MiB')
        return member

    def log_much(self, member):
        iqn = member.ask('volume', 'show', 'demo')['iqn']
        for _ in range(4 * self.pipe_bytes // len(self.longest_name) // 2):  # each login says its initiator twice or more
            Session(member.portal, iqn, initiator=self.longest_name).close()

    def test_a_reader_that_has_gone_ends_nobody(self):
        reader, writer = os.pipe()
        with self.member(writer) as member:
            os.close(reader)
            self.log_much(member)
            with member.session() as s:
                s.test_unit_ready()
            self.assertEqual(member.end(), 0)

    def test_a_reader_that_does_not_read_holds_up_neither_hosts_nor_the_end(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        with self.member(writer) as member:
            self.log_much(member)
            with member.session() as s:
                s.test_unit_ready()
            self.assertEqual(member.end(), 0)

    def test_a_device_without_room_ends_nobody(self):
        with self.member(os.open('/dev/full', os.O_WRONLY)) as member:
            self.log_much(member)
            self.assertEqual(member.end(), 0)


class LateEtcd(Folder):
    def test_a_member_waits_for_etcd_says_so_once_and_starts_when_it_appears(self):
        if not shutil.which('etcd'):
            self.skipTest('no etcd; install etcd-server')
        etcd, peer = free_address(), free_address()
        (self.folder / 'key').write_text('a key that all members share')
        keys = dict(metadata={'etcd': [etcd]}, peer=free_address(), member_portal=free_address(), group_key_file='key', log_level='warn')
        with Member(self.folder, wait=False, **keys) as member:
            eventually(lambda: etcd in member.said(), 10, 'a line about the missing etcd')
            answer = member.ctl('status')
            self.assertEqual(answer.returncode, 1)
            self.assertIn('waits for metadata', answer.stderr)
            self.assertTrue(member.alive())
            with Program(['etcd', '--data-dir', str(self.folder / 'etcd'), '--listen-client-urls', f'http://{etcd}',
                          '--advertise-client-urls', f'http://{etcd}', '--listen-peer-urls', f'http://{peer}',
                          '--initial-advertise-peer-urls', f'http://{peer}', '--initial-cluster', f'default=http://{peer}',
                          '--log-level', 'error']):
                member.wait_until_it_serves()
                self.assertEqual(member.said().count(f'etcd_unreachable servers={etcd}'), 1, member.said())
                member.ask('volume', 'create', 'demo', '64MiB')
                member.session().close()


class ControlPort(Folder):
    def setUp(self):
        super().setUp()
        (self.folder / 'token').write_text('open sesame\n')
        self.member = Member(self.folder, control_token_file='token')
        self.addCleanup(self.member.__exit__)
        self.url = 'http://' + self.member.config['control']

    def ask(self, path, token='open sesame', method='GET', data=None, **headers):
        request = urllib.request.Request(self.url + path, data, {**({'Authorization': 'Bearer ' + token} if token else {}), **headers},
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def test_it_opens_for_the_token_only(self):
        self.assertEqual(self.ask('/status')[0], 200)
        for token in ('', 'open', 'open sesame!', 'OPEN SESAME'):
            for path in ('/status', '/metrics', '/volumes', '/nowhere'):
                self.assertEqual(self.ask(path, token)[0], 401)
        refused = run([SHOALCTL, '--control', self.member.config['control'], 'status'])
        self.assertEqual(refused.returncode, 1)
        self.assertIn('--token-file', refused.stderr)

    def test_an_address_that_others_reach_needs_a_token(self):
        with Member(self.folder, wait=False, control='0.0.0.0:0', log_level='error') as open_to_all:
            self.assertEqual(open_to_all.process.wait(10), 1)
            self.assertIn('"control_token_file"', open_to_all.said())

    def test_what_it_does_not_know_is_answered(self):
        for path in ('/', '/nowhere', '/volumes/demo/nothing', '/volumes/none', '/%00', '/status/../x'):
            self.assertEqual(self.ask(path)[0], 404, path)
        for method in ('DELETE', 'PUT', 'POST', 'PATCH'):
            self.assertEqual(self.ask('/status', method=method)[0], 405)
        for body in (b'', b'{', b'[]', b'{"name": 5}', b'{"name": "x"}', b'{"name": "x", "size_bytes": -1}', b'\xff\xfe',
                     b'{"name": "x", "size_bytes": 1e99}', b'[' * 60000, b'{"name": "x", "size_bytes": 1048576, "colour": 1}'):
            status, text = self.ask('/volumes', method='POST', data=body)
            self.assertEqual(status, 400, body[:40])
            self.assertTrue(json.loads(text)['error'])

    def test_more_than_it_takes_is_refused(self):
        self.assertEqual(self.ask('/volumes', method='POST', data=b' ' * 65537)[0], 413)
        self.assertEqual(self.ask('/volumes', method='POST', data=b' ' * 4_000_000)[0], 413)
        self.assertEqual(self.ask('/status', Long='x' * 9000)[0], 431)
        self.assertEqual(self.ask('/status')[0], 200)

    def connect(self):
        sock = socket.create_connection(split(self.member.config['control']), 10)
        self.addCleanup(sock.close)
        return sock

    def test_silent_connections_make_room_for_who_asks_the_longest_silent_first(self):
        idle = [self.connect() for _ in range(80)]
        eventually(lambda: sum(closed(s) for s in idle[:16]) == 16, 5, 'the end of the first')
        self.assertFalse(any(closed(s) for s in idle[20:]))
        self.assertEqual(self.member.ctl('status').returncode, 0)
        self.assertEqual(self.member.said().count('control_connections_full'), 1)

    def test_a_client_that_does_not_go_on_is_closed(self):
        slow = self.connect()
        slow.sendall(b'GET /status HTTP/1.1\r\n')
        slow.settimeout(8)
        self.assertEqual(slow.recv(1), b'')

    def answer_to(self, request):
        sock = self.connect()
        sock.sendall(request)
        answer = b''
        while some := sock.recv(1 << 16):
            answer += some
        return answer

    def test_what_is_no_http_is_told_so(self):
        self.assertTrue(self.answer_to(b'HELLO\r\n\r\n').startswith(b'HTTP/1.1 400 '))

    def test_head_is_get_without_the_body(self):
        token = b'Authorization: Bearer open sesame\r\nConnection: close\r\n\r\n'
        head, body = self.answer_to(b'HEAD /members HTTP/1.1\r\n' + token).split(b'\r\n\r\n')
        self.assertEqual(body, b'')
        self.assertTrue(head.startswith(b'HTTP/1.1 200 '))
        self.assertRegex(head, b'Content-Length: [1-9]')


def closed(sock):
    sock.setblocking(False)
    try:
        return sock.recv(1) == b''
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


class Shoalctl(Folder):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory()
        cls.member = Member(cls.home.name)

    @classmethod
    def tearDownClass(cls):
        cls.member.__exit__()
        cls.home.cleanup()

    def succeeds(self, *words):
        """Both ways; gives what --json printed."""
        text = self.member.ctl(*words, as_json=False)
        self.assertEqual((text.returncode, text.stderr), (0, ''), words)
        self.assertTrue(text.stdout.strip())
        self.assertNotIn('\x1b', text.stdout)
        return self.member.ask(*words), text.stdout

    def fails(self, *words, says):
        for as_json in (True, False):
            answer = self.member.ctl(*words, as_json=as_json)
            self.assertNotEqual(answer.returncode, 0, words)
            self.assertEqual(answer.stdout, '')
            self.assertEqual(len(answer.stderr.splitlines()), 1, answer.stderr)
            self.assertIn(says, answer.stderr)

    def test_every_command_with_and_without_json(self):
        created = self.member.ask('volume', 'create', 'every', '100MiB', '--page', '1MiB', '--placement', 'contiguous')
        self.assertEqual((created['pages'], created['placement']), (100, 'contiguous'))
        self.assertIn('another', self.member.ctl('volume', 'create', 'another', '64MiB', as_json=False).stdout)
        with self.member.session('every'):
            status, text = self.succeeds('status')
            self.assertIn('every', text)
            self.assertEqual(status['state'], 'serving')
            self.assertEqual(self.succeeds('member', 'list')[0][0]['id'], 1)
            self.assertLessEqual({'another', 'every'}, {v['name'] for v in self.succeeds('volume', 'list')[0]})
            shown, text = self.succeeds('volume', 'show', 'every')
            self.assertIn(shown['iqn'], text)
            shape, text = self.succeeds('map', 'every')
            self.assertEqual((shape['pages'], shape['runs']), (100, [{'first': 0, 'count': 100, 'step': 1, 'member': 1}]))
            self.assertRegex(shape['hash'], '^[0-9a-f]{16}$')
            session = self.succeeds('sessions')[0][0]
            self.assertEqual(session['volume'], 'every')
            self.fails('volume', 'delete', 'every', says='session')
        eventually(lambda: not self.member.ask('sessions'), 5, 'the end of the session')
        for name in ('every', 'another'):
            self.assertEqual(self.member.ctl('volume', 'delete', name, as_json=name == 'every').returncode, 0)
            eventually(lambda: self.member.ctl('volume', 'show', name).returncode, 5, 'the end of the volume')

    def test_what_is_wrong_is_said_in_one_line(self):
        self.fails('volume', 'show', 'nowhere', says='no volume nowhere')
        self.fails('map', 'nowhere', says='no volume nowhere')
        self.fails('volume', 'delete', 'nowhere', says='nowhere')
        self.fails('volume', 'show', 'a/b', says='not a name')
        self.fails('volume', 'create', 'demo', '5 apples', says='5 apples')
        self.fails('volume', 'create', 'demo', '0', says='size')
        self.fails('volume', 'create', 'demo', '1000', says='size')
        self.fails('volume', 'create', 'Demo', '1GiB', says='a-z')
        self.fails('volume', 'create', 'demo', '1GiB', '--page', '3MiB', says='page')
        self.fails('volume', 'create', 'demo', '1GiB', '--durability', 'writeback', says='"store"')
        self.fails('volume', 'create', 'demo', '1GiB', '--placement', 'random', says='striped')
        self.fails('volume', 'create', 'demo', '9999TiB', says='size')
        self.fails('session', 'drop', 'x', says='not a session')
        self.fails('session', 'drop', '1-999', says='1-999')
        self.member.ask('volume', 'create', 'twice', '64MiB')
        self.fails('volume', 'create', 'twice', '64MiB', says='twice')

    def test_where_nobody_listens_is_named(self):
        nobody = free_address()
        for words in (['status'], ['--json', 'sessions'], ['volume', 'create', 'demo', '1GiB']):
            answer = run([SHOALCTL, '--control', nobody, *words])
            self.assertEqual((answer.returncode, answer.stdout), (1, ''))
            self.assertIn(nobody, answer.stderr)
            self.assertEqual(len(answer.stderr.splitlines()), 1)

    def test_what_is_no_answer_of_shoald_is_said_so(self):
        for status, body in (('200 OK', b'hello'), ('200 OK', b'{"sessions": 5}'), ('404 Not Found', b'<html>lost</html>'),
                             ('500 Oops', b'{"error": 5}')):
            with self.subTest(body), socket.create_server(('127.0.0.1', 0)) as other:
                server = threading.Thread(target=answer_once, args=(other, status, body))
                server.start()
                answer = run([SHOALCTL, '--control', '127.0.0.1:%d' % other.getsockname()[1], 'status'])
                server.join()
                self.assertEqual((answer.returncode, answer.stdout), (1, ''))
                self.assertEqual(len(answer.stderr.splitlines()), 1, answer.stderr)
                self.assertIn('control port', answer.stderr)

    def test_a_wrong_command_line_is_refused(self):
        for words in ([], ['volumes'], ['volume'], ['volume', 'create', 'demo'], ['session', 'drop'], ['status', '--colour'],
                      ['--control', 'localhost', 'status']):
            answer = run([SHOALCTL, *words])
            self.assertNotEqual(answer.returncode, 0, words)
            self.assertEqual(answer.stdout, '')

    def test_a_dropped_session_is_told_and_may_come_back(self):
        self.member.ask('volume', 'create', 'dropped', '64MiB')
        with self.member.session('dropped') as s:
            s.write(0, b'd' * 512)
            told = []
            host = threading.Thread(target=lambda: told.append(last_words(s)))
            host.start()
            number = next(one['id'] for one in self.member.ask('sessions') if one['volume'] == 'dropped')
            self.assertIn('message', self.member.ask('session', 'drop', number))
            host.join(5)
        self.assertEqual(told, ['async event 2'])
        with self.member.session('dropped') as s:
            self.assertEqual(s.read(0, 1), b'd' * 512)


def answer_once(listener, status, body):
    sock, _ = listener.accept()
    with sock:
        sock.recv(1 << 16)
        sock.sendall(f'HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n'.encode() + body)


def last_words(session):
    """Reads, and answers pings, until the target ends the session."""
    try:
        while True:
            session.receive_any()
    except Dropped as dropped:
        return str(dropped)


if __name__ == '__main__':
    unittest.main()
