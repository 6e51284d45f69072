"""The pause of a move: what a program of the host waits when its session goes to another member under load, and whose time
that is. Of open-iscsi with default settings and mutual CHAP, and of libiscsi. scripts/pause runs it.

Settings: moves, apart_s (of open-iscsi), polite_moves; judge=yes: pauses beyond the goals fail.
"""

import os

from checks import expect, wait_until
from open_iscsi import finish_fio, start_fio
from libiscsi_host import LibiscsiHost
from move_figures import Answers, fio_answers, percentile, step_table
from moves import HEAD, Row, add_figures, cells, order_moves, seconds, summary, table

VOLUME = "moving"
CHAP = {"user": "host-1", "secret": "open-sesame-0003", "target_user": "shoal-disk", "target_secret": "to-you-alone-0004"}
LINUX_INITIATOR = "iqn.2026-11.io.shoal:linux-guest"

# A small area is overwritten and read back again and again, as in `drop`. One line in the log for each answer, with its
# time: the program itself says how long it was without one. --thread: one process, which is told to end.
LOAD = ("--size=4M --io_size=1T --norandommap=1 --serialize_overlap=1 --verify_backlog=64 --rate_iops=500,500 --thread "
        "--write_lat_log=/job/answers --log_unix_epoch=1 --per_job_logs=0 --disable_lat=1 --disable_slat=1 || [ $? = 128 ]")

GOALS_MS = {"close": {"median": 500, "p99": 1000, "own": 30}, "polite": {"median": 2500}}


def run(rig):
    moves, polite_moves = int(rig.settings.get("moves", 10)), int(rig.settings.get("polite_moves", 3))
    apart_s = float(rig.settings.get("apart_s", 2))
    load_before, rows = os.getloadavg()[0], []
    iqn = prepare(rig)
    with rig.step(f"open-iscsi: {moves} moves and {polite_moves} polite ones under fio with verify") as notes:
        rows += linux_rows(rig, iqn, [Row("open-iscsi", "close", moves, apart_s),
                                      Row("open-iscsi", "polite", polite_moves, max(apart_s, 4))], notes)
    with rig.step(f"libiscsi: {moves} moves and {polite_moves} polite ones under shoal-bench with verify") as notes:
        rows += libiscsi_rows(rig, iqn, [Row("libiscsi", "close", moves, min(apart_s, 3)),
                                         Row("libiscsi", "polite", polite_moves, max(apart_s, 4))], notes)
    show([row for row in rows if row.count], load_before)
    wrong = [f"{row.host}, {row.how}: {error}" for row in rows for error in row.errors]
    if rig.settings.get("judge") == "yes":
        wrong += [complaint for row in rows if row.count for complaint in missed_goals(row)]
    expect(not wrong, "\n     ".join(wrong))


def prepare(rig):
    iqn = rig.group.create_volume(VOLUME, size_mib=48)
    secrets = {"host": CHAP["secret"], "disk": CHAP["target_secret"]}
    for name, secret in secrets.items():
        path = rig.job / f"{name}.secret"
        path.write_text(secret + "\n")
        path.chmod(0o600)
    rig.group.set_chap(VOLUME, CHAP["user"], rig.job / "host.secret", CHAP["target_user"], rig.job / "disk.secret")
    return iqn


# ---- the two hosts

class LinuxHost:
    """What fio logged of the commands that the guest's disk answered."""

    def __init__(self, log, clock_ahead_ms):
        self.answers = Answers(fio_answers(log.read_text().splitlines(), clock_ahead_ms))

    def pause(self, order, settled):
        return self.answers.silence(order.begin, settled)

    def slowest(self, order):
        return self.answers.slowest(order.begin, order.end)


def linux_rows(rig, iqn, rows, notes):
    group, guest, initiator = rig.group, rig.guest, rig.initiator
    initiator.discover(group.group_portal(1))
    initiator.set_chap(iqn, "MD5,SHA1,SHA256,SHA3-256", **CHAP)
    initiator.login(iqn)
    device = initiator.one_disk()
    clock_ahead_ms = guest.clock_ahead_ms()
    script = start_load(group, guest, device)
    orders = [order_moves(group, row, lambda: expect(not script.done(), f"fio has ended:\n{script.output()}")) for row in rows]
    guest.run("kill $(busybox pidof fio)")
    notes.append(finish_fio(script, "moving", timeout=60))
    name, errors = initiator.one_disk(), initiator.kernel_errors()
    initiator.logout(iqn)
    expect(name == device, f"{device} is now {name}")
    expect(errors == "", errors)

    host = LinuxHost(rig.job / "answers_clat.log", clock_ahead_ms)
    for row, of_row in zip(rows, orders):
        add_figures(row, of_row, group.log_lines(), LINUX_INITIATOR, host)
    return rows


def start_load(group, guest, device):
    """fio, at work."""
    routed = lambda: sum(group.host_bytes(member) for member in group.members)
    before = routed()
    script = start_fio(guest, "moving", device, LOAD)
    wait_until(lambda: script.done() or routed() > before + (4 << 20), "fio's first commands", timeout=30)
    return script


def libiscsi_rows(rig, iqn, rows, notes):
    group = rig.group
    url = (f"iscsi://{CHAP['user']}%{CHAP['secret']}@{group.group_portal(1)}/{iqn}/0"
           f"?target_user={CHAP['target_user']}&target_password={CHAP['target_secret']}")
    with open(rig.job / "libiscsi.log", "ab") as log:
        host = LibiscsiHost(group.tools / "shoal-bench", url, "iqn.2026-11.io.shoal:libiscsi", log)
    orders = [order_moves(group, row, host.check) for row in rows]
    result = host.end()
    notes.append(f"{result['reads']} reads, {result['writes']} writes, {result['checked']} blocks verified")
    expect(result["failed"] == 0 and result["wrong"] == 0, f"libiscsi: {result}")
    for row, of_row in zip(rows, orders):
        add_figures(row, of_row, group.log_lines(), host.initiator, host)
    return rows


# ---- what is said

def show(rows, load_before):
    print(f"\n{os.cpu_count()} cores; load average {load_before:.1f} before, {os.getloadavg()[0]:.1f} after.\n")
    print(table(HEAD, [cells(row) for row in rows]))
    for row in rows:
        lines = [[what, f"{median:.0f} ms", f"{maximum:.0f} ms"] for what, median, maximum in step_table(row.moves)]
        print("\n" + table((f"{row.host}, {row.how}: step", "median", "maximum"), lines))
    first = rows[0]
    median, p99, _ = map(seconds, summary(first.pauses()))
    own = percentile(first.own(), 0.5)
    print(f"\nshown: {len(first.moves)} moves of {first.host}: pause {median}, p99 {p99}, own part {own:.1f} ms, "
          f"{len(first.errors)} errors", flush=True)


def missed_goals(row):
    goals = GOALS_MS[row.how]
    seen = {"median": percentile(row.pauses(), 0.5), "p99": percentile(row.pauses(), 0.99), "own": percentile(row.own(), 0.5)}
    return [f"{row.host}, {row.how}: {what} {seen[what]:.0f} ms, the goal is {goal} ms" for what, goal in goals.items()
            if not seen[what] <= goal]
