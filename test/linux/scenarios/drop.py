"""`session drop` under load: the session moves to another member, and no host program notices more than a pause."""

import time

from checks import Failed, expect, wait_until
from open_iscsi import finish_fio, start_fio

# A small area is overwritten again and again, never by two writes at once, and read back whenever a
# quarter of it waits for that: fio checks the number of the write as well as the CRC, so a write that
# the old member applies late, over a newer one, is seen. The rate makes the load last about 20 s on any machine.
LOAD = "--size=1M --io_size=100M --norandommap=1 --serialize_overlap=1 --verify_backlog=64 --rate_iops=1024,1024"


def run(rig):
    group, guest, initiator = rig.group, rig.guest, rig.initiator
    iqn = group.create_volume("drop", size_mib=64, page_kib=64)

    with rig.step("discovery and login at member 1, redirected") as notes:
        initiator.discover(group.group_portal(1))
        notes.append(initiator.login_redirected(iqn))
        device = initiator.one_disk()
    script = start_fio(guest, "drop", device, LOAD)
    time.sleep(3)
    for number in 1, 2:
        with rig.step(f"drop {number} under load: back at another member") as notes:
            move(rig, script, notes)
    with rig.step("fio ends: every block as last written") as notes:
        notes.append(finish_fio(script, "drop", timeout=120))
    with rig.step("home portal and device are the same; the kernel saw no error") as notes:
        home, current = initiator.portals()
        expect(home == group.group_portal(1), f"the home portal is now {home}")
        expect(initiator.one_disk() == device, "the device has another name")
        errors = initiator.kernel_errors()
        expect(errors == "", errors)
        notes.append(f"{device} at {current}")
        initiator.logout(iqn)


def move(rig, script, notes):
    group = rig.group
    sessions = group.sessions()
    expect(len(sessions) == 1, f"expected one session, the group has {sessions}")
    session, = sessions
    old, _ = session
    begin = time.monotonic()
    group.drop(session)
    new = wait_until(lambda: [s for s in group.sessions() if s != session], "the session's return", timeout=30)[0][0]
    expect(new != old, f"the session came back at member {old}, which dropped it")
    notes.append(f"member {old} -> {new} in at most {time.monotonic() - begin:.2f} s")

    before = group.host_bytes(old)
    time.sleep(4)
    if script.done():
        script.wait(0)
        raise Failed("the load ended before the move was over: nothing shown")
    if before is None:
        notes.append("late writes not counted: the stand-in has no counters")
    else:
        late = group.host_bytes(old) - before
        expect(late == 0, f"member {old} routed {late} bytes after the session had left")
        notes.append(f"member {old} routed nothing since")
