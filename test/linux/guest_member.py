"""A member that runs in the guest, on a device of the guest's kernel; it is this machine's build with its libraries."""

import json
import os
import pathlib
import shutil
import subprocess

from checks import wait_until
from initiator import Dropped, LoginError, Session

PORTAL = ("10.77.0.100", 3260)
CONTROL = "127.0.0.1:3263"
OF_EVERY_DEBIAN = ("libc.so", "libm.so", "ld-linux", "linux-vdso")


class GuestMember:
    def __init__(self, guest, job, store):
        self.guest, self.job = guest, job
        tools = pathlib.Path(os.environ["SHOAL_BUILD"]) / "tools"
        (job / "bin").mkdir()
        for tool in "shoald", "shoalctl":
            ship(tools / tool, job / "bin")
        (job / "member.json").write_text(json.dumps({
            "group_portals": [f"{PORTAL[0]}:{PORTAL[1]}"], "control": CONTROL, "store": store, "log_level": "warn",
            "metadata": {"sqlite": "/tmp/metadata.db"}, "limits": {"store_journal_bytes": 1 << 20}}))

    def start(self):
        # exec: the process's id is that of the shell that is put into the file.
        self.process = self.guest.start("echo $BASHPID >/tmp/shoald.pid; LD_LIBRARY_PATH=/job/bin exec /job/bin/shoald --config /job/member.json")
        wait_until(lambda: self.process.done() or serves(PORTAL), "shoald in the guest", timeout=30)
        if self.process.done():
            self.process.wait(1)

    def create_volume(self, name, size_bytes):
        self.guest.run(f"LD_LIBRARY_PATH=/job/bin /job/bin/shoalctl --control {CONTROL} volume create {name} {size_bytes} --page 1MiB")
        return f"iqn.2026-11.io.shoal:{name}"

    def end(self, signal):
        self.guest.run(f"kill -{signal} $(cat /tmp/shoald.pid)")
        wait_until(self.process.done, "the end of shoald", timeout=30)


def ship(program, folder):
    """With the libraries that a guest lacks."""
    shutil.copy(program, folder)
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        name, arrow, where = line.partition(" => ")
        if arrow and not name.strip().startswith(OF_EVERY_DEBIAN):
            shutil.copy(where.split()[0], folder)


def serves(portal):
    """Its portals answer from its start, with 0301 until all is there."""
    try:
        Session(portal, None, session_type="Discovery", timeout=5).close()
        return True
    except (LoginError, Dropped, OSError):
        return False
