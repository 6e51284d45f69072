"""The life of a disk: discovered, redirected, formatted, written, logged out, back with the same content."""

from checks import expect
from open_iscsi import finish_fio, start_fio

WRITE_FILES = """
mount {device} /mnt
head -c {mib}M /dev/urandom | split -b 1M - /mnt/part-
cd /mnt; sha256sum part-* > /tmp/sums; cd /
umount /mnt
"""

CHECK_FILES = """
mount {device} /mnt
cd /mnt; sha256sum --quiet -c /tmp/sums; ls part-* | wc -l; cd /
umount /mnt
"""


def run(rig):
    group, guest, initiator = rig.group, rig.guest, rig.initiator
    iqn = group.create_volume("basic", size_mib=512)

    with rig.step("discovery at member 1 names one target and no other portal"):
        found = initiator.discover(group.group_portal(1))
        expect(found == [(group.group_portal(1), iqn)], f"discovered {found}")
    with rig.step("login is redirected to another member") as notes:
        current = initiator.login_redirected(iqn)
        notes.append(f"{group.group_portal(1)} -> {current}")
    with rig.step("one disk appears, not three") as notes:
        device = initiator.one_disk()
        notes.append(device)

    with rig.step("mkfs.ext4, 24 files"):
        guest.run(f"mkfs.ext4 -q {device}" + WRITE_FILES.format(device=device, mib=24))
    with rig.step("logout, login"):
        initiator.logout(iqn)
        expect(initiator.disks() == [], "the disk outlived the logout")
        initiator.login(iqn)
        device = initiator.one_disk()
    with rig.step("fsck is clean, checksums are the same"):
        guest.run(f"fsck.ext4 -f -n {device}" + CHECK_FILES.format(device=device))

    with rig.step("mkfs.xfs, 8 files"):
        guest.run(f"mkfs.xfs -q -f {device}" + WRITE_FILES.format(device=device, mib=8))
    with rig.step("xfs_repair is clean, checksums are the same"):
        guest.run(f"xfs_repair -n {device}" + CHECK_FILES.format(device=device))

    with rig.step("pages of the volume lie on three members") as notes:
        notes.append(pages_on_three(group, "basic"))
    with rig.step("fio on the raw disk, random write and verify") as notes:
        script = start_fio(guest, "raw", device, "--size=48M --offset=32M")
        notes.append(finish_fio(script, "raw", timeout=120))
    with rig.step("logout; the kernel saw no error"):
        initiator.logout(iqn)
        errors = initiator.kernel_errors()
        expect(errors == "", errors)


def pages_on_three(group, volume):
    pages = group.pages_by_member(volume)
    if pages is None:
        return "not shown: the stand-in has no pages"
    expect(len(pages) == 3 and min(pages.values()) > 0, f"pages by member: {pages}")
    return ", ".join(f"member {member}: {count}" for member, count in sorted(pages.items()))
