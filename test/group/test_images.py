"""shoalctl volume import and export: images through qemu-img and the group portal, with CHAP, refused, and ended in the middle."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from programs import SHOALCTL, Program, run
from support import GroupTest, MIB, eventually

SIZE = 64 * MIB
DATA = 3 * MIB  # at each of the places
CHUNK = 64 << 10  # what is given back as a whole
PLACES = (0, 17 * MIB - 4096, 40 * MIB)
USER, SECRET = 'host', 'twelve-or-more-bytes'
INITIATOR = 'iqn.2026-11.io.shoal:shoalctl'
SIGNAL_STATUS = 128  # and the signal's number, as shells count


def qemu_img(*words):
    answer = run(['qemu-img', *map(str, words)], seconds=60)
    if answer.returncode:
        raise AssertionError(f'qemu-img {words}: {answer.stdout}{answer.stderr}')
    return answer.stdout


def make_raw(path, size=SIZE, places=PLACES):
    """Some data, some holes."""
    with open(path, 'wb') as file:
        for at in places:
            file.seek(at)
            file.write(os.urandom(DATA))
        file.truncate(size)
    return path


def allocated_bytes(path):
    return path.stat().st_blocks * 512


def children_of(pid):
    return [int(child) for child in Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]


@unittest.skipUnless(shutil.which('qemu-img'), 'no qemu-img; install qemu-utils and qemu-block-extra')
class Images(GroupTest):
    arguments = ('--volume', 'disk:64MiB:1MiB', '--redirect', 'round-robin', '--allow-faults')

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.raw = make_raw(self.folder / 'disk.raw')

    def words(self, member, *words):
        return [SHOALCTL, '--control', f'{self.group.net}.{member}:3263', 'volume', *map(str, words)]

    def volume(self, member, *words):
        """One order that works, as JSON."""
        answer = run([*self.words(member, *words), '--json'], seconds=60)
        if answer.returncode:
            raise AssertionError(f'shoalctl volume {words}: {answer.stderr}')
        return json.loads(answer.stdout)

    def refused(self, *words, status=1, **more):
        answer = run(self.words(1, *words), **more)
        self.assertEqual(answer.returncode, status, answer.stderr)
        return answer.stderr

    def dirty(self, volume='disk'):
        """The volume holds what no image of these tests holds."""
        qemu = run(['qemu-io', '-f', 'raw', '-c', f'write -P 165 0 {SIZE}', self.group.url(1, volume)])
        self.assertEqual(qemu.returncode, 0, qemu.stderr)

    def assert_volume_is(self, image, member=2, volume='disk'):
        self.assertIn('identical', qemu_img('compare', '-f', 'raw', '-F', 'raw', image, self.group.url(member, volume, port=3260)))

    # --- round trips

    def test_raw_goes_in_and_out_through_different_members_and_stays_sparse(self):
        self.dirty()
        done = self.volume(1, 'import', 'disk', self.raw, '--verify')
        self.assertEqual((done['bytes'], done['format'], done['verified']), (SIZE, 'raw', True))
        self.assert_volume_is(self.raw)
        back = self.folder / 'back.img'
        self.volume(3, 'export', 'disk', back, '--verify')
        self.assertEqual(back.read_bytes(), self.raw.read_bytes())
        self.assertLess(allocated_bytes(back), 4 * DATA)

    def test_qcow2_goes_in_and_out_and_stays_sparse(self):
        self.dirty()
        image, back = self.folder / 'disk.qcow2', self.folder / 'back.qcow2'
        qemu_img('convert', '-O', 'qcow2', self.raw, image)
        self.assertEqual(self.volume(2, 'import', 'disk', image)['format'], 'qcow2')
        self.assert_volume_is(self.raw, member=3)
        self.volume(1, 'export', 'disk', back)
        self.assertEqual(json.loads(qemu_img('info', '--output=json', back))['format'], 'qcow2')
        self.assertIn('identical', qemu_img('compare', '-f', 'raw', '-F', 'qcow2', self.raw, back))
        self.assertLess(allocated_bytes(back), 4 * DATA)

    def test_the_volume_is_as_thin_as_the_image(self):
        self.dirty()
        self.volume(1, 'import', 'disk', self.raw)
        extents = json.loads(qemu_img('map', '--output=json', '--image-opts', f'driver=raw,file.driver=iscsi,file.transport=tcp,'
                                      f'file.portal={self.group.net}.1:3260,file.target={self.group.iqn("disk")},file.lun=0'))
        data = sum(e['length'] for e in extents if e['data'])
        self.assertGreaterEqual(data, len(PLACES) * DATA)
        self.assertLessEqual(data, len(PLACES) * (DATA + 2 * CHUNK))

    def test_behind_a_smaller_image_nothing_old_is_left(self):
        self.dirty()
        small = make_raw(self.folder / 'small.raw', 8 * MIB, (0,))
        self.volume(1, 'import', 'disk', small, '--verify')
        whole = self.folder / 'whole.raw'
        shutil.copy(small, whole)
        os.truncate(whole, SIZE)
        self.assert_volume_is(whole)

    def test_a_volume_is_made_for_an_image(self):
        odd = make_raw(self.folder / 'odd.raw', 5 * MIB + 1000, (0,))
        self.volume(2, 'import', 'made', odd, '--create', '--verify')
        self.addCleanup(self.group.ctl, 1, 'volume', 'delete', 'made')
        self.assertEqual(self.group.ctl(2, 'volume', 'show', 'made')['size_bytes'], 5 * MIB + 4096)
        self.assertIn('already', self.refused('import', 'made', odd, '--create'))

    def test_chap_and_lists_are_asked_for_and_the_secret_is_told_nobody(self):
        secret = self.folder / 'secret'
        secret.write_text(SECRET + '\n')
        secret.chmod(0o600)
        self.order('chap', '--user', USER, '--secret-file', secret)
        self.addCleanup(self.order, 'chap', '--off')
        self.order('allow', 'iqn.x:host')
        self.addCleanup(self.order, 'forget', 'iqn.x:host')
        chap = ('--user', USER, '--secret-file', secret)
        self.assertIn(f'`shoalctl volume allow disk {INITIATOR}`', self.refused('import', 'disk', self.raw, *chap))
        self.order('allow', INITIATOR)
        self.addCleanup(self.order, 'forget', INITIATOR)
        self.assertIn('asks for CHAP', self.refused('import', 'disk', self.raw))
        wrong = self.folder / 'wrong'
        wrong.write_text('another-secret-of-no-use')
        self.assertIn('Authentication failure', self.refused('export', 'disk', self.folder / 'no.raw', '--user', USER, '--secret-file', wrong))

        self.volume(1, 'import', 'disk', self.raw, *chap, '--verify')
        redirects = lambda: sum(self.group.counters(member)['redirects'] for member in (1, 2, 3))
        back, before = self.folder / 'back.raw', redirects()
        for member in (1, 2, 3):
            self.volume(member, 'export', 'disk', back, *chap, '--force')
            self.assertEqual(back.read_bytes(), self.raw.read_bytes())
        self.assertGreater(redirects(), before)
        self.slow_down(1)
        with self.transfer('export', 'disk', self.folder / 'slow.raw', *chap) as program:
            child = self.child_at_work(program)
            for pid in (program.process.pid, child):
                self.assertNotIn(SECRET.encode(), Path(f'/proc/{pid}/cmdline').read_bytes() + Path(f'/proc/{pid}/environ').read_bytes())

    def order(self, order, *words):
        """Done when every member knows."""
        made = self.group.ctl(1, 'volume', order, 'disk', *map(str, words))
        access = lambda volume: [volume['allow'], volume['deny'], (volume['chap'] or {}).get('user')]
        shown = lambda member: access(self.group.ctl(member, 'volume', 'show', 'disk'))
        eventually(lambda: all(shown(m) == access(made) for m in (1, 2, 3)), 10, 'the order at every member')

    # --- refusals

    def test_what_cannot_be_imported_is_told_before_anything_is_written(self):
        self.volume(1, 'import', 'disk', self.raw)
        large, child = self.folder / 'large.raw', self.folder / 'child.qcow2'
        large.touch()
        os.truncate(large, SIZE + 512)
        qemu_img('create', '-q', '-f', 'qcow2', '-b', self.raw, '-F', 'raw', child)
        vmdk = self.folder / 'disk.vmdk'
        qemu_img('create', '-q', '-f', 'vmdk', vmdk, '1M')
        for words, what in (((large,), f'has {SIZE}: give a larger volume'), ((child,), 'not a whole image'), ((vmdk,), 'raw and qcow2'),
                            ((self.folder / 'none',), 'there is no file'), ((self.folder,), 'regular file'),
                            ((self.raw, '--format', 'qcow2'), 'not in qcow2 format'), ((self.raw, '--portal', 'x'), 'is not ADDRESS:PORT')):
            self.assertIn(what, self.refused('import', 'disk', *words))
        self.assertIn('there is no volume', self.refused('import', 'nothing', self.raw))
        self.assert_volume_is(self.raw)

    def test_a_volume_in_use_is_overwritten_only_by_force(self):
        with self.group.session(2, 'disk', initiator='iqn.x:host'):
            self.assertIn('in use by iqn.x:host', self.refused('import', 'disk', self.raw))
            self.volume(1, 'import', 'disk', self.raw, '--force')
            exported = run(self.words(1, 'export', 'disk', self.folder / 'used.raw'))
            self.assertEqual(exported.returncode, 0)
            self.assertIn('warning: volume disk is in use by iqn.x:host', exported.stderr)
        self.assert_volume_is(self.raw)

    def test_a_file_is_replaced_only_by_force(self):
        before = self.raw.read_bytes()
        self.assertIn('exists', self.refused('export', 'disk', self.raw))
        self.assertIn('tells no format', self.refused('export', 'disk', self.folder / 'disk'))
        self.assertEqual(self.raw.read_bytes(), before)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ['disk.raw'])

    def test_without_qemu_the_package_is_named(self):
        self.assertIn('apt-get install qemu-utils', self.refused('import', 'disk', self.raw, env={'PATH': str(self.folder)}))

    # --- in the middle: what is begun here would go on for longer than any of these tests waits

    def slow_down(self, requests_per_second):
        for member in (1, 2, 3):
            self.group.faults(member, host_requests_per_second=requests_per_second)
            self.addCleanup(self.group.faults, member, host_requests_per_second=None)

    def transfer(self, *words):
        return Program(self.words(1, *words), stdout=subprocess.DEVNULL)

    def child_at_work(self, program):
        """Its pid, when it has logged in."""
        eventually(lambda: self.group.sessions_of('shoalctl'), 30, 'its session')
        return children_of(program.process.pid)[0]

    def slow_import(self):
        """Of a volume whose emptying takes a hundred commands."""
        self.group.create('large', '100GiB')
        self.addCleanup(self.remove, 'large')
        self.slow_down(2)
        return self.transfer('import', 'large', self.raw)

    def remove(self, volume):
        eventually(lambda: not self.group.sessions_of('shoalctl'), 30, 'the end of its session')
        self.group.ctl(1, 'volume', 'delete', volume)

    def test_an_interrupted_export_leaves_no_file_and_no_child(self):
        self.dirty()
        self.slow_down(2)
        with self.transfer('export', 'disk', self.folder / 'back.raw') as program:
            child = self.child_at_work(program)
            eventually((self.folder / 'back.raw.partial').exists, 30, 'the file that grows')
            self.slow_down(1)
            self.assertEqual(program.end(signal.SIGTERM), SIGNAL_STATUS + signal.SIGTERM)
            self.assertFalse(Path(f'/proc/{child}').exists())
            self.assertIn('interrupted', program.said())
        self.assertEqual([path.name for path in self.folder.iterdir()], ['disk.raw'])

    def test_an_interrupted_import_says_what_the_volume_holds_and_can_be_done_again(self):
        with self.slow_import() as program:
            child = self.child_at_work(program)
            self.assertEqual(program.end(signal.SIGINT), SIGNAL_STATUS + signal.SIGINT)
            self.assertFalse(Path(f'/proc/{child}').exists())
            self.assertIn('volume large may hold a part of the image: import it again', program.said())
        self.slow_down(None)
        eventually(lambda: not self.group.sessions_of('shoalctl'), 30, 'the end of its session')
        self.volume(1, 'import', 'large', self.raw, '--verify')

    def test_a_killed_import_leaves_nobody_who_goes_on_writing(self):
        with self.slow_import() as program:
            child = self.child_at_work(program)
            self.assertEqual(program.end(signal.SIGKILL), -signal.SIGKILL)
            eventually(lambda: not Path(f'/proc/{child}').exists(), 15, 'the end of the child')

    def test_a_killed_qemu_ends_the_import(self):
        with self.slow_import() as program:
            os.kill(self.child_at_work(program), signal.SIGKILL)
            self.assertEqual(program.process.wait(15), SIGNAL_STATUS + signal.SIGKILL)
            self.assertIn('qemu-io was killed; volume large may hold a part', program.said())


if __name__ == '__main__':
    unittest.main()
