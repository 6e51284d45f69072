"""Stand-in for a group: three tgtd over one backing file each volume, member 1 redirecting.

With it a fault in a run is known to be the rig's or Shoal's. Only what the scenarios ask is here; a
tgtd counts no bytes and has no pages, so those checks say "not shown".
"""

import os
import re
import subprocess

from checks import Failed, wait_until


class TgtGroup:
    members = (1, 2, 3)

    def __init__(self, job, addresses, start_process):
        self.job, self.addresses, self.start_process = job, addresses, start_process
        self.processes, self.volumes = {}, []

    def start(self):
        os.makedirs("/run/tgtd", exist_ok=True)
        for member in self.members:
            self.start_member(member)

    def start_member(self, member):
        self.processes[member] = self.start_process(
            f"tgtd-{member}",
            ["tgtd", "-f", "-C", str(member), "--iscsi", f"portal={self.addresses[member]}:3260"])
        wait_until(lambda: self._adm(member, "--mode sys --op show", check=False).returncode == 0, f"tgtd {member}")
        for volume in self.volumes:
            self._export(member, volume)

    def create_volume(self, name, size_mib, page_kib=None):
        path = self.job / name
        with open(path, "wb") as file:
            file.truncate(size_mib << 20)
        volume = f"iqn.2026-11.io.shoal:{name}", path
        self.volumes.append(volume)
        for member in self.members:
            self._export(member, volume)
        self._redirect(to=2)
        return volume[0]

    def _export(self, member, volume):
        tid, (iqn, path) = self.volumes.index(volume) + 1, volume
        self._adm(member, f"--mode target --op new --tid {tid} --targetname {iqn}")
        self._adm(member, f"--mode logicalunit --op new --tid {tid} --lun 1 --backing-store {path}")
        self._adm(member, f"--mode target --op bind --tid {tid} --initiator-address ALL")

    def _redirect(self, to):
        for tid in range(1, len(self.volumes) + 1):
            for name, value in ("Address", self.addresses[to]), ("Port", 3260), ("Reason", "Temporary"):
                self._adm(1, f"--mode target --op update --tid {tid} --name Redirect{name} --value {value}")

    def group_portal(self, member):
        return f"{self.addresses[member]}:3260"

    def pages_by_member(self, name):
        return None

    def sessions(self):
        return [(member, sid) for member in self.members for sid in self._sessions_of(member)]

    def _sessions_of(self, member):
        text = self._adm(member, "--mode conn --op show --tid 1", check=False).stdout
        return re.findall(r"^Session: (\d+)", text, re.MULTILINE)

    def drop(self, session):
        member, sid = session
        self._redirect(to=5 - member)
        self._adm(member, f"--mode conn --op delete --tid 1 --sid {sid} --cid 0")

    def host_bytes(self, member):
        return None

    def kill_member(self, member):
        self._redirect(to=5 - member)
        self.processes[member].kill()
        self.processes[member].wait()

    def _adm(self, member, arguments, check=True):
        command = ["tgtadm", "-C", str(member), "--lld", "iscsi", *arguments.split()]
        result = subprocess.run(command, capture_output=True, text=True)
        if check and result.returncode != 0:
            raise Failed(f"{' '.join(command)}: {result.stderr.strip()}")
        return result
