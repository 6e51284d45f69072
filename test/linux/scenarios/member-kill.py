"""kill -9 of the member that serves the session: it comes back at another; the pages of the dead member
wait until it is restarted from its store."""

import time

from checks import expect, wait_until
from open_iscsi import finish_fio, start_fio

LOAD = "--size=1M --io_size=80M --norandommap=1 --serialize_overlap=1 --verify_backlog=64 --rate_iops=1024,1024"


def run(rig):
    group, guest, initiator = rig.group, rig.guest, rig.initiator
    iqn = group.create_volume("kill", size_mib=64, page_kib=64)

    with rig.step("discovery and login at member 1, redirected") as notes:
        initiator.discover(group.group_portal(1))
        notes.append(initiator.login_redirected(iqn))
        device = initiator.one_disk()
    script = start_fio(guest, "kill", device, LOAD)
    time.sleep(3)
    (dead, _), = group.sessions()
    with rig.step(f"kill -9 of member {dead}, which serves: the session returns at another") as notes:
        group.kill_member(dead)
        is_back = lambda: [member for member, _ in group.sessions() if member != dead]
        notes.append(f"member {wait_until(is_back, 'the session', timeout=30)[0]}")
    with rig.step(f"member {dead} starts again from its store"):
        group.start_member(dead)
    with rig.step("fio ends: every block as last written") as notes:
        notes.append(finish_fio(script, "kill", timeout=150))
    with rig.step("the device is the same; the kernel saw no error"):
        expect(initiator.one_disk() == device, "the device has another name")
        errors = initiator.kernel_errors()
        expect(errors == "", errors)
        initiator.logout(iqn)
