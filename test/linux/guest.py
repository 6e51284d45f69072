"""The guest: a user-mode-linux kernel on a shared read-only root, told what to run over a serial line.

A script travels as a file in the job directory (the guest sees it as /job, through hostfs); only its
number goes over the line, and the number with the exit code comes back. See guest-init.
"""

import os
import select
import socket
import subprocess
import time

from checks import Failed, expect


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


class Script:
    def __init__(self, guest, number):
        self.guest, self.number = guest, number

    def done(self):
        self.guest.listen(0)
        return self.number in self.guest.exit_codes

    def wait(self, timeout):
        deadline = time.monotonic() + timeout
        while not self.done():
            expect(time.monotonic() < deadline, f"guest script {self.number} still runs after {timeout} s:\n{self.output()}")
            self.guest.listen(0.5)
        code = self.guest.exit_codes[self.number]
        if code != 0:
            raise Failed(f"guest script {self.number} ended with {code}:\n{self.output()}")
        return self.output()

    def output(self):
        try:
            return (self.guest.job / f"{self.number}.out").read_text(errors="replace")
        except FileNotFoundError:
            return ""


class Guest:
    def __init__(self, root, job, tap, address, disks):
        self.root, self.job, self.tap, self.address = root, job, tap, address
        self.disks = disks  # files of this machine: /dev/ubda, /dev/ubdb ... there
        self.exit_codes, self.count, self.received = {}, 0, b""

    def boot(self, timeout=60):
        self._mount_root()
        self.line, line_of_guest = socket.socketpair()
        with open(self.job / "console.log", "wb") as console:
            self.process = subprocess.Popen(
                self._command(line_of_guest.fileno()), stdin=subprocess.DEVNULL, stdout=console,
                stderr=subprocess.STDOUT, pass_fds=[line_of_guest.fileno()],
                env={"TMPDIR": "/run", "HOME": "/run", "PATH": os.environ["PATH"]})
        line_of_guest.close()
        deadline = time.monotonic() + timeout
        while "ready" not in self.exit_codes:
            expect(time.monotonic() < deadline, "the guest did not come up")
            self.listen(0.5)

    def _mount_root(self):
        # UML puts the path of its root before that of every hostfs mount, so all the guest shall see
        # must lie below it. The mounts are those of the rig's own namespace and end with it.
        modules = "/usr/lib/uml/modules"
        mount("--bind", str(self.root), str(self.root))
        mount("-o", "remount,bind,ro", str(self.root))
        for source, name in (self.job, "job"), (os.path.dirname(__file__), "rig"), (modules, "lib/modules"):
            mount("--bind", str(source), str(self.root / name))

    def _command(self, line_fd):
        # hybrid: it reads by a raw socket. From the tap itself a frame sometimes reaches the guest only with the next one,
        # so that the last answer of a burst was TCP's to repeat, 200 ms later.
        return ["linux.uml", "mem=512M", "uml_dir=/run", "umid=guest",
                "root=/dev/root", "rootfstype=hostfs", f"hostfs={self.root}", "ro", "init=/rig/guest-init",
                "con=null", "con0=null,fd:1", "ssl=null", f"ssl0=fd:{line_fd}",
                f"vec0:transport=hybrid,ifname={self.tap},depth=128,gro=1", f"rig_address={self.address}",
                *(f"ubd{number}={file}" for number, file in enumerate(self.disks))]

    def run(self, script, timeout=60):
        return self.start(script).wait(timeout)

    def start(self, script):
        self.count += 1
        number = str(self.count)
        (self.job / f"{number}.sh").write_text(script + "\n")
        self.line.sendall(number.encode() + b"\n")
        return Script(self, number)

    def clock_ahead_ms(self):
        """How far its time of day is ahead of this machine's monotonic clock: by the quickest of some questions."""
        return min(self._ask_for_time() for _ in range(20))[1]

    def _ask_for_time(self):
        begin = time.monotonic()
        told = float(self.run("echo $EPOCHREALTIME"))
        took = time.monotonic() - begin
        return took, round((told - begin - took / 2) * 1000)

    def listen(self, timeout):
        while select.select([self.line], [], [], timeout)[0]:
            data = self.line.recv(4096)
            if not data:
                raise Failed("the guest is gone")
            *lines, self.received = (self.received + data).split(b"\n")
            for line in lines:
                number, _, code = line.decode(errors="replace").strip().partition(" ")
                self.exit_codes[number] = int(code or 0)
            timeout = 0
