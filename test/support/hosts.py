"""Hosts of libiscsi with a rate of their own: one shoal-bench process, which counts for itself."""
import json
import subprocess
import threading

from support import BUILD, eventually


class Hosts:
    """`count` sessions to one URL. `answered` are the commands of each so far, by the generator's own count."""

    def __init__(self, url, count, name, rate=0, depth=2, wait=True, **more):
        words = [str(BUILD / 'tools' / 'shoal-bench'), url, '--sessions', str(count), '--initiator', f'iqn.2026-11.io.shoal:{name}',
                 '--rate', str(rate), '--depth', str(depth), '--seconds', '3600', '--json', '--every-second', '--steered']
        for key, value in more.items():
            words += [f'--{key}'] if value is True else [f'--{key}', str(value)]
        self.name, self.count, self.lines = name, count, []
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.follow, daemon=True)
        self.reader.start()
        if wait:
            eventually(lambda: self.lines or self.process.poll() is not None, 30, f'the hosts {name} at work')
            if not self.lines:
                raise AssertionError(f'shoal-bench: {self.process.stderr.read()}')

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.end()

    def follow(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def initiators(self):
        return [f'iqn.2026-11.io.shoal:{self.name}-{i}' for i in range(self.count)]

    def set_rate(self, host, rate):
        self.process.stdin.write(f'{host} {rate}\n')
        self.process.stdin.flush()

    def set_rates(self, rate):
        for host in range(self.count):
            self.set_rate(host, rate)

    @property
    def answered(self):
        return self.lines[-1].get('answered', [0] * self.count)

    def failed(self):
        return sum(self.lines[-1].get('failures', [0])) if self.lines else 0

    def longest_s(self, since=0):
        """The longest that a command took, from line `since` on."""
        return max((max(line['longest_us']) for line in self.lines[since:] if 'longest_us' in line), default=0) / 1e6

    def end(self):
        """What it says in the end: {failed, wrong, ...}; None if it did not come to that."""
        if self.process.poll() is None:
            self.process.stdin.close()
        try:
            self.process.wait(70)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(10)
        self.process.stdout.close()
        self.process.stderr.close()
        return self.lines[-1] if self.lines and 'iops' in self.lines[-1] else None
