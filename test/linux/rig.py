"""Host half of a run: network, group and guest in this process's namespaces, then one scenario.

Started by scripts/linux-test as PID 1 of fresh network, mount and PID namespaces, so that whatever it
starts or mounts ends with it, however it ends.
"""

import argparse
import contextlib
import pathlib
import runpy
import subprocess
import sys
import time
import traceback

from checks import Failed
from guest import Guest, mount
from open_iscsi import Initiator
from shoal_group import ShoalGroup
from tgt_group import TgtGroup

ADDRESSES = {member: f"10.77.0.{member}" for member in (1, 2, 3)}
GUEST_ADDRESS = "10.77.0.100/24"


class Rig:
    def __init__(self, options, scenario):
        self.job, self.options, self.steps = options.job, options, 0
        self.settings = dict(options.set)  # of the scenario: name -> text
        self.disks = [make_disk(options.job / f"disk-{number}", mib) for number, mib in enumerate(scenario.get("DISKS_MIB", []))]
        self.guest = Guest(options.root, options.job, "tap0", GUEST_ADDRESS, self.disks)
        self.initiator = Initiator(self.guest)
        self.group = (TgtGroup(options.job, ADDRESSES, self.start_process) if options.stand_in else
                      ShoalGroup(options.job, ADDRESSES, self.start_process, scenario.get("MEMBER_KEYS", {})))
        self.needs_group = scenario.get("NEEDS_GROUP", True)

    def set_up(self):
        with self.step("network and guest"):
            set_up_network()
            self.guest.boot()
        if self.needs_group:
            with self.step("group of three members"):
                self.group.start()

    @contextlib.contextmanager
    def step(self, name):
        """One numbered, timed line; append to the list it yields what the reader should see as well."""
        self.steps += 1
        print(f"{self.steps:3}  {name} ... ", end="", flush=True)
        notes, begin = [], time.monotonic()
        try:
            yield notes
        except BaseException:
            print(f"FAILED after {time.monotonic() - begin:.2f} s", flush=True)
            raise
        print(f"{time.monotonic() - begin:.2f} s" + "".join(f"; {note}" for note in notes), flush=True)

    def start_process(self, name, command):
        with open(self.job / f"{name}.log", "ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def make_disk(path, mib):
    with open(path, "wb") as file:
        file.truncate(mib << 20)
    return path


def set_up_network():
    # A private /run: control sockets of tgtd and UML cannot meet those of another run.
    mount("-t", "tmpfs", "tmpfs", "/run")
    commands = ["link set lo up",
                "link add rig type bridge", "link set rig up",
                "tuntap add tap0 mode tap", "link set tap0 master rig up"]
    commands += [f"address add {address}/24 dev rig" for address in ADDRESSES.values()]
    for command in commands:
        subprocess.run(["ip", *command.split()], check=True)


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--job", type=pathlib.Path, required=True)
    parser.add_argument("--stand-in", choices=["tgt"])
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", type=lambda text: text.split("=", 1))
    parser.add_argument("scenario", type=pathlib.Path)
    return parser.parse_args()


def main():
    options = parse_options()
    scenario = runpy.run_path(str(options.scenario))
    rig = Rig(options, scenario)
    try:
        rig.set_up()
        scenario["run"](rig)
        return 0
    except Failed as failure:
        print(f"     {failure}")
    except Exception:
        traceback.print_exc(file=sys.stdout)
    print_logs(options.job)
    return 1


def print_logs(job, lines=6):
    """The ends of all logs: where a run is not watched, the job directory may be gone when it is read."""
    for log in sorted(job.glob("*.log")):
        print(f"--- {log.name}")
        print("\n".join(log.read_text(errors="replace").splitlines()[-lines:]), flush=True)


if __name__ == "__main__":
    sys.exit(main())
