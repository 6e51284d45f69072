"""Programs of others that speak iSCSI themselves: libiscsi's tools and qemu, against a group and against a target that asks for CHAP."""
import os
import shutil
import tempfile
import unittest
from pathlib import Path

from programs import Disposable, run
from support import GroupTest, MIB

SIZE = 64 * MIB
USER, SECRET = 'host', 'twelve-or-more-bytes'
needs_qemu = unittest.skipUnless(shutil.which('qemu-img'), 'no qemu-img; install qemu-utils and qemu-block-extra')


def answer(*words):
    child = run([str(word) for word in words], seconds=120)
    if child.returncode:
        raise AssertionError(f'{words[0]}: {child.stdout}{child.stderr}')
    return child.stdout


def make_image(folder):
    """Some data, some holes."""
    path = Path(folder, 'image')
    with open(path, 'wb') as file:
        for at in (0, 17 * MIB - 4096, 40 * MIB):
            file.seek(at)
            file.write(os.urandom(3 * MIB))
        file.truncate(SIZE)
    return path


class Tools(GroupTest):
    arguments = ('--volume', 'disk:64MiB:1MiB')

    def setUp(self):
        self.url = self.group.url(2, 'disk', port=3260)  # where logins may be redirected

    def test_libiscsi_tools_find_the_disk_and_tell_its_size(self):
        host, port = self.group.address(2)
        self.assertIn(self.group.iqn('disk'), answer('iscsi-ls', '-s', f'iscsi://{host}:{port}'))
        self.assertIn('SHOAL', answer('iscsi-inq', self.url))
        self.assertIn(str(SIZE), answer('iscsi-readcapacity16', self.url))

    @needs_qemu
    def test_qemu_img_copies_an_image_to_the_disk_and_back(self):
        with tempfile.TemporaryDirectory() as folder:
            image = make_image(folder)
            answer('qemu-img', 'convert', '-n', '-f', 'raw', '-O', 'raw', image, self.url)
            self.assertIn('identical', answer('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', image, self.url))
            answer('qemu-img', 'convert', '-f', 'raw', '-O', 'raw', self.group.url(3, 'disk'), Path(folder, 'back'))
            self.assertTrue(Path(folder, 'back').read_bytes() == image.read_bytes())

    @needs_qemu
    def test_qemu_zeroes_discards_and_flushes(self):
        said = answer('qemu-io', '-f', 'raw', '-c', 'write -P 7 0 2M', '-c', 'write -z -u 64k 1M', '-c', 'read -P 0 64k 1M',
                      '-c', 'discard 1536k 256k', '-c', 'flush', '-c', 'read -P 0 1536k 256k', '-c', 'read -P 7 0 64k', self.url)
        self.assertNotIn('verification failed', said)


class Chap(unittest.TestCase):
    @needs_qemu
    def test_qemu_logs_in_with_chap_and_not_with_a_wrong_secret(self):
        with tempfile.NamedTemporaryFile() as secret:
            secret.write(SECRET.encode())
            secret.flush()
            words = ('--volume', 'scratch:64MiB', '--chap-user', USER, '--chap-secret-file', secret.name)
            with Disposable(*words) as target:
                url = lambda password: target.url.replace('iscsi://', f'iscsi://{USER}%{password}@')
                self.assertIn('64 MiB', answer('qemu-img', 'info', url(SECRET)))
                self.assertNotEqual(run(['qemu-img', 'info', url('another-secret-of-no-use')]).returncode, 0)


if __name__ == '__main__':
    unittest.main()
