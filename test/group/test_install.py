"""What `cmake --install` puts into an empty root: programs that run as its example says, and a unit that starts them."""
import json
import os
import re
import shutil
import tempfile
import unittest
from pathlib import Path

from initiator import Session
from programs import Program, free_address, run, split
from support import BUILD, eventually

INSTALLED = {
    'bin/shoal-bench', 'bin/shoal-fsck', 'bin/shoalctl', 'bin/shoald', 'lib/systemd/system/shoald.service', 'lib/sysusers.d/shoal.conf',
    'share/doc/shoal/ARCHITECTURE.md', 'share/doc/shoal/LICENSE', 'share/doc/shoal/README.md',
    'share/doc/shoal/examples/group-member.json', 'share/doc/shoal/examples/single-server.json'}


def install(root):
    """The files that are there then, below /usr."""
    installed = run(['cmake', '--install', str(BUILD), '--prefix', '/usr'], 60, env={**os.environ, 'DESTDIR': str(root)})
    if installed.returncode:
        raise AssertionError(installed.stderr)
    usr = Path(root) / 'usr'
    return {str(path.relative_to(usr)) for path in usr.rglob('*') if path.is_file()}


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Path(tempfile.mkdtemp(prefix='shoal-install-'))
        cls.addClassCleanup(shutil.rmtree, cls.root)
        cls.files = install(cls.root)

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(dir=self.root))

    def example(self, name):
        """With the machine's own folders below a temporary one, and addresses on loopback."""
        text = (self.root / 'usr/share/doc/shoal/examples' / name).read_text()
        for address in re.findall(r'"([\d.]+:\d+)"', text):
            text = text.replace(address, free_address())
        path = self.folder / 'member.json'
        path.write_text(text.replace('/var/lib/shoal', str(self.folder)))
        return path, json.loads(re.sub(r'^//.*', '', path.read_text(), flags=re.M))

    def program(self, name):
        return str(self.root / 'usr/bin' / name)

    def test_an_empty_root_gets_these_files_and_no_others(self):
        self.assertEqual(self.files, INSTALLED)
        for name in 'shoald', 'shoalctl', 'shoal-bench', 'shoal-fsck':
            self.assertEqual(run([self.program(name), '--help']).returncode, 0)

    @unittest.skipUnless(shutil.which('systemd-analyze'), 'systemd-analyze is not here')
    def test_systemd_understands_the_unit(self):
        unit = self.root / 'usr/lib/systemd/system/shoald.service'
        self.assertIn('ExecStart=/usr/bin/shoald --config /etc/shoal/member.json\n', unit.read_text())
        here = self.folder / 'shoald.service'
        here.write_text(unit.read_text().replace('/usr/bin/', f'{self.root}/usr/bin/').replace('file:/usr/', f'file:{self.root}/usr/'))
        said = run(['systemd-analyze', 'verify', '--man=no', str(here)], 30)
        self.assertEqual((said.returncode, [line for line in said.stderr.splitlines() if 'shoald' in line]), (0, []))

    @unittest.skipUnless(shutil.which('systemd-sysusers'), 'systemd-sysusers is not here')
    def test_the_user_of_the_unit_is_made(self):
        (self.root / 'etc').mkdir()
        said = run(['systemd-sysusers', f'--root={self.root}', str(self.root / 'usr/lib/sysusers.d/shoal.conf')])
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn('\nUser=shoal\n', (self.root / 'usr/lib/systemd/system/shoald.service').read_text())
        self.assertRegex((self.root / 'etc/passwd').read_text(), r'^shoal:.*:/var/lib/shoal:')

    def test_the_example_of_a_single_server_serves_a_host_and_ends_when_it_is_told(self):
        path, config = self.example('single-server.json')
        with Program([self.program('shoald'), '--config', str(path)]) as shoald:
            ctl = lambda *words: run([self.program('shoalctl'), '--json', '--control', config['control'], *words])
            eventually(lambda: not shoald.alive() or ctl('status').returncode == 0, 15, 'a server that serves')
            self.assertTrue(shoald.alive(), shoald.said())
            self.assertEqual(ctl('volume', 'create', 'demo', '16MiB').returncode, 0)
            iqn = json.loads(ctl('volume', 'show', 'demo').stdout)['iqn']
            with Session(split(config['group_portals'][0]), iqn) as session:
                session.clear_attentions()
                data = b'installed' * 512
                session.write(8, data)
                self.assertEqual(session.read(8, len(data) // 512), data)
            self.assertEqual(shoald.end(), 0, shoald.said())
        self.assertTrue((self.folder / 'store').is_file() and (self.folder / 'metadata.db').is_file())

    def test_the_example_of_a_member_is_accepted_and_waits_for_etcd(self):
        path, config = self.example('group-member.json')
        (self.folder / config['group_key_file']).write_bytes(os.urandom(32))
        (self.folder / config['group_key_file']).chmod(0o600)
        with Program([self.program('shoald'), '--config', str(path)]) as shoald:
            eventually(lambda: not shoald.alive() or 'etcd' in shoald.said(), 15, 'a word about etcd')
            self.assertTrue(shoald.alive(), shoald.said())


if __name__ == '__main__':
    unittest.main()
