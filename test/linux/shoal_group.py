"""The group under test: one etcd and three shoald, each with an address of its own on the bridge."""

import json
import os
import pathlib
import subprocess
import urllib.request

from checks import Failed, expect, wait_until

ETCD = "127.0.0.1:2379"


class ShoalGroup:
    members = (1, 2, 3)

    def __init__(self, job, addresses, start_process, member_keys):
        self.job, self.addresses, self.start_process, self.member_keys = job, addresses, start_process, member_keys
        self.tools = pathlib.Path(os.environ["SHOAL_BUILD"]) / "tools"
        self.processes = {}

    def start(self):
        self._start_etcd()
        key = self.job / "group-key"
        key.write_text(os.urandom(32).hex() + "\n")
        key.chmod(0o600)
        for member in self.members:
            self._write_config(member, key)
            self.start_member(member)
        wait_until(lambda: all(self._sees_all(member) for member in self.members), "members to see each other")

    def _sees_all(self, member):
        seen = self._ctl(member, "member", "list", "--json")
        return sum(other["state"] in ("self", "up") for other in seen) == len(self.members)

    def _start_etcd(self):
        peer = "http://127.0.0.1:2380"
        self.start_process("etcd", [
            "etcd", "--name=rig", f"--data-dir={self.job}/etcd",
            f"--listen-client-urls=http://{ETCD}", f"--advertise-client-urls=http://{ETCD}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=rig={peer}"])
        wait_until(lambda: b"true" in http_get(f"http://{ETCD}/health"), "etcd", timeout=30)

    def _write_config(self, member, key):
        address, store = self.addresses[member], self.job / f"store-{member}"
        self._config_path(member).write_text(json.dumps({
            "member": member, "group": "rig",
            "group_portals": [f"{address}:3260"], "member_portal": f"{address}:3261", "peer": f"{address}:3262",
            "control": self._control(member), "group_key_file": str(key), "store": str(store),
            "metadata": {"etcd": [ETCD]}, "redirect": "round-robin", **self.member_keys}, indent=1))

    def _config_path(self, member):
        return self.job / f"member-{member}.json"

    def _control(self, member):
        return f"127.0.0.1:{9000 + member}"

    def start_member(self, member):
        self.processes[member] = self.start_process(
            f"shoald-{member}", [str(self.tools / "shoald"), "--config", str(self._config_path(member))])
        wait_until(lambda: self._is_ready(member), f"shoald {member}", timeout=30)

    def _is_ready(self, member):
        expect(self.processes[member].poll() is None, f"shoald {member} ended at once")
        return http_get(f"http://{self._control(member)}/status") != b""

    def create_volume(self, name, size_mib, page_kib=1024):
        self._ctl(1, "volume", "create", name, f"{size_mib}MiB", "--page", f"{page_kib}KiB",
                  "--durability", "writeback", "--placement", "striped")
        wait_until(lambda: all(self._has_volume(member, name) for member in self.members), "the volume")
        return f"iqn.2026-11.io.shoal:{name}"

    def _has_volume(self, member, name):
        return any(volume["name"] == name for volume in self._ctl(member, "volume", "list", "--json"))

    def set_chap(self, name, user, secret_file, mutual_user, mutual_secret_file):
        self._ctl(1, "volume", "chap", name, "--user", user, "--secret-file", str(secret_file),
                  "--mutual-user", mutual_user, "--mutual-secret-file", str(mutual_secret_file))
        wait_until(lambda: all(self._ctl(member, "volume", "show", name, "--json")["chap"] for member in self.members),
                   "CHAP at every member")

    def group_portal(self, member):
        return f"{self.addresses[member]}:3260"

    def member_portal(self, member):
        """A login there is never redirected."""
        return f"{self.addresses[member]}:3261"

    def pages_by_member(self, name):
        return {owner["member"]: owner["pages"] for owner in self._ctl(1, "map", name, "--json")["members"]}

    def sessions(self):
        """(member, id) of every session of the group, as a living member tells."""
        alive = next(member for member in self.members if self.processes[member].poll() is None)
        return [(session["member"], session["id"]) for session in self._ctl(alive, "sessions", "--json")]

    def drop(self, session):
        member, session_id = session
        self._ctl(member, "session", "drop", str(session_id))

    def move(self, session_id, to, how):
        """Once the session is there: what shoalctl says."""
        return self._ctl(1, "session", "move", session_id, str(to), "--how", how, "--json")

    def log_lines(self):
        """Of all members."""
        return [line for member in self.members for line in (self.job / f"shoald-{member}.log").read_text().splitlines()]

    def host_bytes(self, member):
        """What the hosts of this member have read and written, on whichever member the pages lie."""
        counters = self._ctl(member, "status", "--json")["counters"]
        return counters["local_bytes"] + counters["forwarded_bytes"]

    def kill_member(self, member):
        self.processes[member].kill()
        self.processes[member].wait()

    def _ctl(self, member, *arguments):
        command = [str(self.tools / "shoalctl"), "--control", self._control(member), *arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=30)
        if result.returncode != 0:
            raise Failed(f"shoalctl {' '.join(arguments)}: {result.stderr.strip() or result.stdout.strip()}")
        return json.loads(result.stdout) if "--json" in arguments else result.stdout


def http_get(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.read()
    except OSError:
        return b""
