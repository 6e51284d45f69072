"""The power of the store's device is cut at any moment under load, and what its cache held is lost: what was
acknowledged is there, and shoal-fsck finds nothing. The member runs in the guest, on a device of dm-log-writes, whose
log says what was durable when. --set rounds=N, --set seed=N."""

import os
import pathlib
import random
import shutil
import subprocess
import time

from block_writer import BLOCK, Blocks, Writer
from checks import expect
from guest_member import PORTAL, GuestMember
from initiator import Session
from write_log import replay

DISKS_MIB = [128, 2048]  # the store, the log
NEEDS_GROUP = False
VOLUME_BYTES = 4 << 20
LEAST_ANSWERS = 20  # before a cut, so that there is something to lose

CREATE_DEVICE = """
modprobe dm_log_writes
dmsetup create cut --table "0 $(blockdev --getsz /dev/ubda) log-writes /dev/ubda /dev/ubdb"
"""

# The kernel forgets what it knows of the disk, which the host is about to change.
REMOVE_DEVICE = """
dmsetup remove --retry cut
blockdev --flushbufs /dev/ubda
echo 3 >/proc/sys/vm/drop_caches
"""


def run(rig):
    rounds = int(rig.settings.get("rounds", 3))
    seed = int(rig.settings.get("seed", random.randrange(1 << 32)))
    cuts = PowerCuts(rig, random.Random(seed))
    with rig.step(f"a store with a volume (seed {seed})"):
        iqn = cuts.make_store()
    for number in range(rounds):
        with rig.step(f"cut {number + 1}") as notes:
            notes.append(cuts.cut(iqn, f"cut-{number}"))
    with rig.step("the last one: all is there"):
        cuts.check_and_close(iqn)
    print(f"     {rounds} cuts, {cuts.answered} acknowledged writes, all there", flush=True)


class PowerCuts:
    def __init__(self, rig, rng):
        self.guest, self.job, self.rng = rig.guest, rig.job, rng
        self.disk, self.log = rig.disks
        self.durable = rig.job / "durable"  # what the disk held at the latest cut
        self.member = GuestMember(rig.guest, rig.job, "/dev/mapper/cut")
        self.blocks = Blocks(VOLUME_BYTES // BLOCK)
        self.answered = 0

    def make_store(self):
        self.start()
        iqn = self.member.create_volume("cut", VOLUME_BYTES)
        self.stop("TERM")
        copy_in_place(self.disk, self.durable)
        return iqn

    def start(self):
        self.guest.run(CREATE_DEVICE)
        self.member.start()

    def stop(self, signal):
        self.member.end(signal)
        self.guest.run(REMOVE_DEVICE)

    def session(self, iqn):
        session = Session(PORTAL, iqn)
        session.clear_attentions()
        return session

    def cut(self, iqn, mark):
        self.start()
        with self.session(iqn) as session:
            self.blocks.check(session)
            writer = Writer(session, self.blocks, self.rng)
            writer.start()
            expect(writer.wait_for_answers(LEAST_ANSWERS, 60), f"{writer.answered} writes in a minute: {writer.error}")
            time.sleep(self.rng.uniform(0, 1.5))
            moment = self.blocks.moment()
            self.guest.run(f"dmsetup message cut 0 mark {mark}")
            durable = self.blocks.possible_since(moment)
            time.sleep(self.rng.uniform(0, 0.5))  # for what must not be there after
            self.stop("KILL")
            writer.join(30)
        expect(writer.error is None, f"the load: {writer.error}")
        self.answered += writer.answered
        self.blocks.may_hold = durable
        counts = replay(self.log, self.durable, mark)
        copy_in_place(self.durable, self.disk)
        self.check_store()
        return ", ".join([f"{writer.answered} acknowledged",
                          *(f"{counts[kind]} {kind}" for kind in ("durable writes", "writes", "flushes", "later"))])

    def check_store(self):
        fsck = pathlib.Path(os.environ["SHOAL_BUILD"]) / "tools" / "shoal-fsck"
        checked = subprocess.run([fsck, "--data", self.disk], capture_output=True, text=True, timeout=60)
        expect(checked.returncode == 0, checked.stdout + checked.stderr)

    def check_and_close(self, iqn):
        self.start()
        with self.session(iqn) as session:
            self.blocks.check(session)
        self.stop("TERM")
        self.check_store()


def copy_in_place(source, target):
    """The guest has the file open."""
    with open(source, "rb") as original, open(target, "r+b" if target.exists() else "wb") as copy:
        shutil.copyfileobj(original, copy, 1 << 20)
