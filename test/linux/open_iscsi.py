"""What a Linux administrator does with open-iscsi, run in the guest, with its answers as values."""

import json
import re
import time

from checks import Failed, expect, wait_until

PATIENCE_S = 30


class Initiator:
    def __init__(self, guest):
        self.guest = guest

    def discover(self, portal):
        """The (portal, iqn) pairs that SendTargets names."""
        text = self.guest.run(f"iscsiadm -m discovery -t st -p {portal}")
        return [(line.split(",")[0], line.split()[1]) for line in text.splitlines()]

    def add_portal(self, iqn, portal):
        """A record made by hand: not what SendTargets names."""
        self.guest.run(f"iscsiadm -m node -o new -T {iqn} -p {portal},1")

    def discover_with_chap(self, portal, **account):
        record = f"iscsiadm -m discoverydb -t st -p {portal}"
        self.guest.run("\n".join([f"{record} -o new", *chap_updates(record, "discovery.sendtargets.auth", **account)]))
        text = self.guest.run(f"{record} --discover")
        return [(line.split(",")[0], line.split()[1]) for line in text.splitlines()]

    def set_chap(self, iqn, algorithm, **account):
        record = f"iscsiadm -m node -T {iqn}"
        self.guest.run("\n".join([f"{record} -o update -n node.session.auth.chap_algs -v {algorithm}",
                                  *chap_updates(record, "node.session.auth", **account)]))

    def set_digests(self, iqn):
        """CRC32C over headers and data."""
        self.guest.run("\n".join(f"iscsiadm -m node -T {iqn} -o update -n 'node.conn[0].iscsi.{part}Digest' -v CRC32C"
                                 for part in ("Header", "Data")))

    def digests(self):
        """As they were negotiated: (header, data)."""
        text = self.guest.run("iscsiadm -m session -P 2")
        return tuple(re.search(rf"{part}Digest: (\S+)", text)[1] for part in ("Header", "Data"))

    def complaint_of(self, command):
        """What iscsiadm says of a login that fails."""
        return self.guest.run(f"! {command} 2>&1")

    def login(self, iqn):
        self.guest.run(f"iscsiadm -m node -T {iqn} --login")

    def logout(self, iqn):
        self.guest.run(f"iscsiadm -m node -T {iqn} --logout")

    def portals(self):
        """(home, current): the portal in the node record, and the one a redirect led to."""
        text = self.guest.run("iscsiadm -m session -P 1")
        home = re.findall(r"Persistent Portal: ([^,\s]+)", text)
        current = re.findall(r"Current Portal: ([^,\s]+)", text)
        expect(len(home) == len(current) == 1, f"expected one session:\n{text}")
        return home[0], current[0]

    def login_redirected(self, iqn):
        """Logs in until another member takes the session. The portal's own one does when it is its turn in the round, when it has
        not heard of the others yet, and while the group still knows the session before."""
        end = time.monotonic() + PATIENCE_S
        while True:
            self.login(iqn)
            home, current = self.portals()
            if host_of(home) != host_of(current):
                return current
            self.logout(iqn)
            if time.monotonic() > end:
                raise Failed(f"logins at {home} were not redirected in {PATIENCE_S} s")

    def disks(self):
        return self.guest.run("cd /sys/block; for d in sd*; do [ ! -e $d ] || echo $d; done").split()

    def one_disk(self, timeout=15):
        wait_until(self.disks, "a disk", timeout, pause=0.2)
        self.guest.run("udevadm settle")
        found = self.disks()
        expect(len(found) == 1, f"one volume, but the guest sees {found}")
        return "/dev/" + found[0]

    def kernel_errors(self):
        words = "I/O error|rejecting I/O|offline|lost async page write|EXT4-fs error|XFS.*(error|corrupt)"
        return self.guest.run(f"dmesg | grep -E '{words}' || true")


def chap_updates(record, prefix, user, secret, target_user, target_secret):
    """Commands that make a record of open-iscsi ask for mutual CHAP."""
    values = {"authmethod": "CHAP", "username": user, "password": secret,
              "username_in": target_user, "password_in": target_secret}
    return [f"{record} -o update -n {prefix}.{name} -v {value}" for name, value in values.items()]


def host_of(portal):
    return portal.rpartition(":")[0]


FIO_VERIFY = """
fio --name=verify --filename={device} --rw=randwrite --bs=4k --direct=1 --ioengine=libaio --iodepth=16 \
    --verify=crc32c --verify_fatal=1 --randrepeat=0 --output=/job/fio-{name}.json --output-format=json {more}
"""


def start_fio(guest, name, device, more):
    """Random 4 KiB writes, then every block is read back and its CRC and write number are checked."""
    return guest.start(FIO_VERIFY.format(name=name, device=device, more=more))


def finish_fio(script, name, timeout):
    script.wait(timeout)
    text = (script.guest.job / f"fio-{name}.json").read_text()
    job = json.loads(text[text.index("{"):])["jobs"][0]
    expect(job["error"] == 0, f"fio met error {job['error']}:\n{script.output()}")
    return FioResult(job)


class FioResult:
    def __init__(self, job):
        self.writes, self.reads = job["write"]["total_ios"], job["read"]["total_ios"]
        self.longest_write_s = job["write"]["clat_ns"]["max"] / 1e9

    def __str__(self):
        return (f"{self.writes} writes, {self.reads} blocks verified, 0 errors; "
                f"longest write {self.longest_write_s:.2f} s")
