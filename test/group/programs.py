"""Single programs under test: a disposable target, one member by hand, the operator's tool, and a look into a process."""
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from initiator import Session
from support import BUILD, eventually

SHOALD = str(BUILD / 'tools' / 'shoald')
SHOALCTL = str(BUILD / 'tools' / 'shoalctl')


def split(address):
    """"[::1]:3260" -> ("::1", 3260)"""
    host, port = address.rsplit(':', 1)
    return host.strip('[]'), int(port)


def free_address(host='127.0.0.1'):
    with socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET) as s:
        s.bind((host, 0))
        return f'[{host}]:{s.getsockname()[1]}' if ':' in host else f'{host}:{s.getsockname()[1]}'


class Program:
    """A process of ours with its standard error in a file, if no other is given; ended at the latest at the end of the `with`."""

    def __init__(self, words, errors=None, **more):
        self.errors = errors or tempfile.TemporaryFile()
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=self.errors, text=True, **more)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.end()
        self.errors.close()

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(15)
        if self.process.stdout:
            self.process.stdout.close()
        return status

    def alive(self):
        return self.process.poll() is None

    def said(self):
        return os.pread(self.errors.fileno(), 1 << 20, 0).decode()  # the process shares the file's position

    def resident_bytes(self):
        status = Path(f'/proc/{self.process.pid}/status').read_text()
        return int(status.split('VmRSS:')[1].split()[0]) * 1024

    def anonymous_bytes(self):
        status = Path(f'/proc/{self.process.pid}/status').read_text()
        return int(status.split('RssAnon:')[1].split()[0]) * 1024

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))


class Disposable(Program):
    """`shoald --ephemeral`, ready."""

    def __init__(self, *words, **more):
        begun = time.monotonic()
        super().__init__([SHOALD, '--ephemeral', *(words or ('--volume', 'scratch:1GiB'))], stdout=subprocess.PIPE, **more)
        line = self.process.stdout.readline()
        self.seconds = time.monotonic() - begun
        if not line:
            raise AssertionError(f'shoald ended with {self.process.wait(10)}: {self.said()}')
        self.ready = json.loads(line)
        self.portal = split(self.ready['portal'])
        self.iqn, self.url = self.ready['iqn'], self.ready['url']

    def session(self, **more):
        s = Session(self.portal, self.iqn, **more)
        s.clear_attentions()
        return s


class Member(Program):
    """`shoald --config`, a single server unless the keys say otherwise, in a folder that outlives it."""

    def __init__(self, folder, wait=True, wrapper=(), options=(), errors=None, **keys):
        self.folder = Path(folder)
        self.config = {'group_portals': [free_address()], 'control': free_address(), 'metadata': {'sqlite': 'metadata.db'}, **keys}
        self.config = {key: value for key, value in self.config.items() if value is not None}
        path = self.folder / 'config.json'
        path.write_text(json.dumps(self.config))
        super().__init__([*wrapper, SHOALD, '--config', str(path), *options], errors)
        self.portal = split(self.config['group_portals'][0])
        if wait:
            self.wait_until_it_serves()

    def wait_until_it_serves(self):
        def serves():
            if not self.alive():
                raise AssertionError(f'shoald ended with {self.process.returncode}: {self.said()}')
            return self.ctl('status').returncode == 0
        eventually(serves, 15, 'a member that serves')

    def ctl(self, *words, as_json=True):
        token = ['--token-file', str(self.folder / self.config['control_token_file'])] if 'control_token_file' in self.config else []
        return run([SHOALCTL, *(['--json'] if as_json else []), '--control', self.config['control'], *token, *words])

    def ask(self, *words):
        answer = self.ctl(*words)
        if answer.returncode:
            raise AssertionError(f'shoalctl {" ".join(words)}: {answer.stderr}')
        return json.loads(answer.stdout)

    def session(self, volume='demo', **more):
        s = Session(self.portal, self.ask('volume', 'show', volume)['iqn'], **more)
        s.clear_attentions()
        return s


def run(words, seconds=20, **more):
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, **more)
