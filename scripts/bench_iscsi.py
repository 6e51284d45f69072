"""Runs the same load on shoald and on tgtd in turns, and fio's on their disk, and compares the medians (scripts/bench-iscsi)."""

import collections
import contextlib
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

from initiator import ScsiError, Session

SPAN_BYTES = 1 << 30
IQN = "iqn.2026-11.io.shoal:bench"
TGT_CONTROL = "7"  # beside a tgtd that may run here already
Load = collections.namedtuple("Load", "name arguments fio")  # arguments of shoal-bench, and the same for fio
WRITES = Load("durable 4 KiB random writes, depth 32", ("--pattern", "randwrite", "--depth", "32"),
              ("--rw=randwrite", "--bs=4k", "--iodepth=32", "--sync=dsync"))
READS = Load("4 KiB random reads, depth 128", ("--pattern", "randread", "--depth", "128"),
             ("--rw=randread", "--bs=4k", "--iodepth=128"))
LARGE = Load("durable 1 MiB sequential writes, depth 8", ("--pattern", "write", "--block", "1MiB", "--depth", "8"),
             ("--rw=write", "--bs=1m", "--iodepth=8", "--sync=dsync"))
LOADS = [WRITES, READS, LARGE]
# load, beside whom, the least ratio of IOPS
GOALS = [(WRITES, "tgt", 1.3), (READS, "fio", 0.7)]
# MODE SELECT's caching page with WCE = 0, as tgt-admin's "write-cache off" has it.
CACHING_PAGE = "8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0"

Target = collections.namedtuple("Target", "url process")


@contextlib.contextmanager
def running(command, **more):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **more)
    try:
        yield process
    finally:
        process.kill()  # tgtd does not heed TERM while it has targets
        process.wait()


@contextlib.contextmanager
def shoal(tools, folder):
    command = [tools / "shoald", "--ephemeral", "--durability", "sync", "--volume", f"bench:{SPAN_BYTES}"]
    with running(command, stdout=subprocess.PIPE, env=os.environ | {"TMPDIR": str(folder)}) as process:
        ready = json.loads(process.stdout.readline())
        yield Target(ready["url"], process)


@contextlib.contextmanager
def tgt(folder):
    """The disk's file with O_DIRECT, so that neither target's data lie in the page cache."""
    os.makedirs("/run/tgtd", exist_ok=True)
    file = folder / "tgt"
    with open(file, "wb") as new:
        os.posix_fallocate(new.fileno(), 0, SPAN_BYTES)
    portal = free_port()
    with running(["tgtd", "-f", "-C", TGT_CONTROL, "--iscsi", f"portal=127.0.0.1:{portal}"], stderr=subprocess.DEVNULL) as process:
        while tgtadm("--mode sys --op show", check=False).returncode != 0:
            if process.poll() is not None:
                raise SystemExit(f"tgtd has ended with {process.returncode}")
            time.sleep(0.05)
        tgtadm(f"--mode target --op new --tid 1 --targetname {IQN}")
        tgtadm(f"--mode logicalunit --op new --tid 1 --lun 1 --backing-store {file} --bstype rdwr --bsoflags direct")
        tgtadm(f"--mode logicalunit --op update --tid 1 --lun 1 --params mode_page={CACHING_PAGE}")
        tgtadm("--mode target --op bind --tid 1 --initiator-address ALL")
        require_no_write_cache(("127.0.0.1", portal))
        yield Target(f"iscsi://127.0.0.1:{portal}/{IQN}/1", process)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tgtadm(arguments, check=True):
    return subprocess.run(["tgtadm", "-C", TGT_CONTROL, "--lld", "iscsi", *arguments.split()], check=check,
                          stdout=subprocess.DEVNULL, stderr=None if check else subprocess.DEVNULL)


def require_no_write_cache(portal):
    with Session(portal, IQN) as session:
        with contextlib.suppress(ScsiError):
            session.command(bytes(6), lun=1)  # takes the unit attention of a new session
        page = session.command(bytes([0x1a, 8, 8, 0, 255, 0]), expect=255, lun=1)[4:]
        if page[0] & 0x3f != 8 or page[2] & 4:
            raise SystemExit(f"tgt's write cache is not off: {page.hex()}")


def fill(tools, target):
    """Until one run, which begins at the first block, has written each: a thin volume has no less to do than a full one."""
    seconds = 5
    while load(tools, target, LARGE, seconds)["writes"] < SPAN_BYTES >> 20:
        seconds *= 2


def load(tools, target, what, seconds):
    before = cpu_seconds(target.process)
    command = [tools / "shoal-bench", target.url, "--json", "--seconds", str(seconds), *what.arguments]
    run = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    if run["failed"]:
        raise SystemExit(f"{what.name}: {run['failed']} commands have failed on {target.url}")
    run["cpu_us"] = (cpu_seconds(target.process) - before) * 1e6 / max(run["reads"] + run["writes"], 1)
    return run


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fio(folder, arguments):
    command = ["fio", "--name=disk", f"--filename={folder}/fio", f"--size={SPAN_BYTES}", "--direct=1",
               "--ioengine=io_uring", "--output-format=json", *arguments]
    job = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["jobs"][0]
    return {"iops": job["read"]["iops"] + job["write"]["iops"], "cpu_us": 0}


def measure(what, runners, rounds):
    """The medians of each runner, whose runs take turns."""
    runs = {name: [] for name in runners}
    for _ in range(rounds):
        for name, run in runners.items():
            runs[name].append(run(what))
    return {name: {figure: statistics.median(run[figure] for run in of_one) for figure in ("iops", "cpu_us")}
            for name, of_one in runs.items()}


def show(what, medians):
    ours = medians["shoal"]
    cells = [f"{medians[name]['iops']:>10.0f}" for name in ("shoal", "tgt", "fio")]
    cells += [f"{ours['iops'] / medians[name]['iops']:>10.2f}" for name in ("tgt", "fio")]
    cells += [f"{medians[name]['cpu_us']:>10.1f}" for name in ("shoal", "tgt")]
    print(f"{what.name:42}" + "".join(cells), flush=True)


def goal_is_met(what, beside, least, medians):
    ratio = medians[what]["shoal"]["iops"] / medians[what][beside]["iops"]
    met = ratio >= least
    print(f"{what.name}: {ratio:.2f} x {beside}, goal {least}: {'met' if met else 'MISSED'}")
    return met


def main():
    tools, folder, rounds, seconds = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    fio(folder, ["--rw=write", "--bs=1m", "--iodepth=8"])  # laid out and written before it is measured
    with shoal(tools, folder) as ours, tgt(folder) as theirs:
        fill(tools, ours)
        fill(tools, theirs)
        runners = {"shoal": lambda what: load(tools, ours, what, seconds),
                   "tgt": lambda what: load(tools, theirs, what, seconds),
                   "fio": lambda what: fio(folder, [*what.fio, "--time_based", f"--runtime={seconds}"])}
        print(f"load average before: {os.getloadavg()[0]:.1f}; medians of {rounds} runs of {seconds} s, in turns; IOPS, CPU us an I/O")
        print(f"{'':42}" + "".join(f"{title:>10}" for title in ("shoal", "tgt", "fio", "/ tgt", "/ fio", "CPU shoal", "CPU tgt")))
        medians = {}
        for what in LOADS:
            medians[what] = measure(what, runners, rounds)
            show(what, medians[what])
    good = [goal_is_met(what, beside, least, medians) for what, beside, least in GOALS]
    print(f"load average after: {os.getloadavg()[0]:.1f}")
    sys.exit(0 if all(good) else 1)


main()
