"""A host of libiscsi beside the guest: shoal-bench, which checks what it reads and says each second how long the slowest
of its commands took."""

import json
import subprocess
import threading
import time

from checks import expect, wait_until


class LibiscsiHost:
    def __init__(self, program, url, name, log):
        command = [str(program), url, "--initiator", name, "--pattern", "randrw", "--verify", "--depth", "8", "--rate", "1000",
                   "--span", "4MiB", "--seconds", "86400", "--json", "--every-second", "--steered"]
        self.initiator = f"{name}-0"
        self.lines = []  # (when it came, in ms of the monotonic clock; what it says)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        wait_until(lambda: self.lines or self.process.poll() is not None, "libiscsi's first commands", timeout=30)
        self.check()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append((time.monotonic() * 1000, json.loads(line)))

    def check(self):
        expect(self.process.poll() is None, f"shoal-bench has ended with {self.process.returncode}")

    def slowest(self, order):
        return max((max(line["longest_us"]) / 1000 for at, line in self.lines if order.begin <= at < order.end), default=0)

    def pause(self, order, _settled):
        """What one command waited: at least as long as all of them were without an answer."""
        return self.slowest(order), None

    def end(self):
        """The figures of the whole run."""
        self.process.stdin.close()
        self.reader.join(60)
        self.process.wait(10)
        return self.lines[-1][1]
