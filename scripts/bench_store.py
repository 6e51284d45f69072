"""Runs store_bench and fio in turns and compares their medians (scripts/bench-store)."""

import json
import os
import statistics
import subprocess
import sys

SPAN_BYTES = 1 << 30
# name, store_bench's arguments, fio's, the least ratio of IOPS
COMPARED = [
    ("durable 4 KiB random writes, depth 32", ["--pattern", "randwrite", "--depth", "32"],
     ["--rw=randwrite", "--bs=4k", "--iodepth=32", "--sync=dsync"], 0.9),
    ("4 KiB random reads, depth 128", ["--pattern", "randread", "--depth", "128"],
     ["--rw=randread", "--bs=4k", "--iodepth=128"], 0.85),
    ("durable 1 MiB sequential writes, depth 8", ["--pattern", "seqwrite", "--block", str(1 << 20), "--depth", "8"],
     ["--rw=write", "--bs=1m", "--iodepth=8", "--sync=dsync"], 0.85),
]
CPU_GOAL_US = 6
CHECKPOINT_GOAL = 3
LAPS_GOAL = 3


def store(bench, folder, seconds, arguments):
    command = [bench, f"{folder}/store", "--span", str(SPAN_BYTES), "--seconds", str(seconds), *arguments]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def fio(folder, arguments):
    command = ["fio", "--name=disk", f"--filename={folder}/fio", f"--size={SPAN_BYTES}", "--direct=1",
               "--ioengine=io_uring", "--output-format=json", *arguments]
    job = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["jobs"][0]
    return job["read"]["iops"] + job["write"]["iops"]


def row(name, ours, theirs, ratio, goal, met):
    print(f"{name:44} {ours:>12} {theirs:>12} {ratio:>7} {goal:>8}  {'met' if met else 'MISSED'}", flush=True)
    return met


def compare(bench, folder, rounds, seconds, name, ours, theirs, goal):
    runs, disk = [], []
    for _ in range(rounds):
        runs.append(store(bench, folder, seconds, ours))
        disk.append(fio(folder, [*theirs, "--time_based", f"--runtime={seconds}"]))
    iops, beside = statistics.median(run["iops"] for run in runs), statistics.median(disk)
    met = row(name, f"{iops:.0f}", f"{beside:.0f}", f"{iops / beside:.2f}", f">= {goal}", iops >= goal * beside)
    return runs, met


def main():
    bench, folder, rounds, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    print(f"load average before: {os.getloadavg()[0]:.1f}; medians of {rounds} runs of {seconds} s, in turns")
    print(f"{'':44} {'store':>12} {'fio':>12} {'ratio':>7} {'goal':>8}")
    fio(folder, ["--rw=write", "--bs=1m", "--iodepth=8"])  # laid out and written before it is measured
    good, runs = True, {}
    for name, ours, theirs, goal in COMPARED:
        runs[name], met = compare(bench, folder, rounds, seconds, name, ours, theirs, goal)
        good &= met
    writes = runs[COMPARED[0][0]]
    cpu = statistics.median(run["cpu_us"] for run in writes)
    good &= row("CPU us a durable 4 KiB write", f"{cpu:.1f}", "", "", f"<= {CPU_GOAL_US}", cpu <= CPU_GOAL_US)
    laps = sum(run["journal_laps"] for run in writes)
    good &= row("times that these writes filled the journal", f"{laps:.1f}", "", "", f">= {LAPS_GOAL}", laps >= LAPS_GOAL)
    mixed = [store(bench, folder, seconds, ["--pattern", "randread", "--depth", "8", "--background-writes", "4"])
             for _ in range(rounds)]
    during = statistics.median(run["latency_in_checkpoints_us"]["p99"] for run in mixed)
    outside = statistics.median(run["latency_outside_us"]["p99"] for run in mixed)
    good &= row("p99 us of reads in checkpoints and outside", f"{during:.0f}", f"{outside:.0f}",
                f"{during / max(outside, 1):.2f}", f"<= {CHECKPOINT_GOAL}", during <= CHECKPOINT_GOAL * outside)
    print(f"load average after: {os.getloadavg()[0]:.1f}")
    sys.exit(0 if good else 1)


main()
