"""What administrators and cluster managers run: sg3-utils, blkdiscard, fstrim and multipath-tools, over two sessions at two members."""

from checks import expect, wait_until

KEY_A, KEY_B = "0xa1", "0xb2"

# Prints a word for each thing that is as it must be. Exit status 14 of sg3-utils: MISCOMPARE.
BLOCKS = """
fill() {{ head -c 512 /dev/zero | tr '\\0' $1; }}
fill A > /tmp/a; fill B > /tmp/b; cat /tmp/a /tmp/b > /tmp/ab
block_is() {{ dd if={disk} of=/tmp/block bs=512 skip=$1 count=1 iflag=direct status=none; cmp -n 512 /tmp/block $2; }}
miscompares() {{ "$@" 2>/dev/null || [ $? = 14 ]; }}

sg_write_same --16 --lba=100 --num=8 --xferlen=512 --in=/tmp/a {disk}
block_is 107 /tmp/a && echo written
sg_verify --16 --lba=100 --count=8 {disk} && echo verified
sg_verify --16 --lba=100 --count=1 --ebytchk=1 --ndo=512 --in=/tmp/a {disk} && echo same
miscompares sg_verify --16 --lba=100 --count=1 --ebytchk=1 --ndo=512 --in=/tmp/b {disk} && echo differs
sg_compare_and_write --in=/tmp/ab --lba=100 --num=1 --xferlen=1024 {other} && block_is 100 /tmp/b && echo swapped
miscompares sg_compare_and_write --in=/tmp/ab --lba=100 --num=1 --xferlen=1024 {other} && echo refused
sg_xcopy if={disk} skip=100 of={disk} seek=300 count=8 bs=512 2>/dev/null
block_is 300 /tmp/b && block_is 307 /tmp/a && echo copied
sg_unmap --force --lba=100 --num=8 {disk}
block_is 100 /dev/zero && echo unmapped
blkdiscard --offset 0 --length 1MiB {disk}
block_is 307 /dev/zero && echo discarded
"""
BLOCKS_SAY = "written verified same differs swapped refused copied unmapped discarded"

TRIM = """
mkfs.ext4 -q -E nodiscard {disk}
mount {disk} /mnt
head -c 64M /dev/urandom > /mnt/file; sync; rm /mnt/file
fstrim -v /mnt
umount /mnt
fsck.ext4 -f -n {disk} >/dev/null 2>&1 && echo clean
"""

# find_multipaths no: every disk with two paths is one map, without a list of known ones.
MULTIPATH = """
modprobe -a dm-multipath dm-service-time
mount -t tmpfs tmpfs /etc/multipath
mkdir /etc/multipath/conf.d
cat > /etc/multipath/conf.d/rig.conf <<END
defaults {
  find_multipaths no
  user_friendly_names no
  path_checker tur
  polling_interval 1
}
END
multipathd
for i in $(seq 40); do [ $(multipath -ll | grep -c "active ready running") = 2 ] && break; sleep 0.5; done
multipath -ll
"""


def run(rig):
    group, guest, initiator = rig.group, rig.guest, rig.initiator
    iqn = group.create_volume("tools", size_mib=256)
    with rig.step("two sessions, at two members") as notes:
        for member in 1, 2:
            initiator.add_portal(iqn, group.member_portal(member))
        initiator.login(iqn)
        disks = wait_until(lambda: two(initiator.disks()), "two disks", timeout=15)
        guest.run("modprobe sg; udevadm settle")
        notes.append(" ".join(disks))
    disk, other = (f"/dev/{name}" for name in disks)

    with rig.step("sg_inq, sg_vpd, scsi_id: one disk by both paths") as notes:
        notes.append(one_identity(guest, disk, other))
    with rig.step("sg_persist: register, reserve, conflict, preempt, clear, over both"):
        persistent_reservations(guest, disk, other)
    with rig.step("sg_write_same, sg_verify, sg_compare_and_write, sg_xcopy, sg_unmap, blkdiscard"):
        said = guest.run(BLOCKS.format(disk=disk, other=other))
        expect(said.split() == BLOCKS_SAY.split(), f"expected {BLOCKS_SAY}, got:\n{said}")
    with rig.step("ext4, fstrim") as notes:
        said = guest.run(TRIM.format(disk=disk))
        expect("clean" in said, said)
        notes.append(said.splitlines()[0])
    with rig.step("multipath -ll: one map of two paths") as notes:
        said = guest.run(MULTIPATH)
        expect(said.count("active ready running") == 2, said)
        notes.append(said.splitlines()[0])
    with rig.step("the map serves while a session is logged out") as notes:
        notes.append(serves_by_one_path(rig, iqn, f"/dev/mapper/{said.split()[0]}"))
    with rig.step("logout"):
        guest.run("multipathd -k'shutdown'; sleep 1; multipath -F || true")
        initiator.logout(iqn)


def two(found):
    return found if len(found) == 2 else None


def one_identity(guest, disk, other):
    pages = {d: guest.run(f"for p in sn di bl bdc lbpv; do sg_vpd -p $p {d}; done; sg_vpd -p ei {d}; sg_inq {d}") for d in (disk, other)}
    expect(pages[disk] == pages[other], f"the paths tell different things:\n{pages[disk]}\n{pages[other]}")
    for word in "SHOAL", "Block limits", "Logical block provisioning", "NAA":
        expect(word in pages[disk], f"{word} is missing in:\n{pages[disk]}")
    ids = guest.run(f"for d in {disk} {other}; do /lib/udev/scsi_id -g -u $d; done").split()
    expect(len(ids) == 2 and ids[0] == ids[1], f"scsi_id: {ids}")
    return ids[0]


def persistent_reservations(guest, disk, other):
    quiet = "2>&1 >/dev/null"
    write = "dd if=/dev/zero of={} bs=512 count=1 oflag=direct status=none"
    guest.run(f"sg_persist -n --out --register --param-sark={KEY_A} {disk}; sg_persist -n --out --register --param-sark={KEY_B} {other}")
    keys = guest.run(f"sg_persist -n --in --read-keys {other}")
    expect(KEY_A in keys and KEY_B in keys, keys)
    guest.run(f"sg_persist -n --out --reserve --param-rk={KEY_A} --prout-type=1 {disk}; {write.format(disk)}")
    guest.run(f"! {write.format(other)} {quiet}")          # write exclusive: the other host's writes conflict
    guest.run(f"dd if={other} of=/dev/null bs=512 count=1 iflag=direct status=none")
    guest.run(f"sg_persist -n --out --preempt --param-rk={KEY_B} --param-sark={KEY_A} --prout-type=5 {other}; {write.format(other)}")
    guest.run(f"! {write.format(disk)} {quiet}")
    held = guest.run(f"sg_persist -n --in --read-reservation {disk}")
    expect("registrants only" in held and KEY_B in held, held)
    guest.run(f"sg_persist -n --out --clear --param-rk={KEY_B} {other}; {write.format(disk)}")
    expect("NO registered" in guest.run(f"sg_persist -n --in --read-keys {disk} 2>&1"), "keys outlived CLEAR")


def serves_by_one_path(rig, iqn, device):
    """Write and verify through the map, a session away, then back."""
    guest = rig.guest
    check = f"fio --name=map --filename={device} --rw=write --bs=64k --size=8M --direct=1 --verify=crc32c --verify_state_save=0 --output=/dev/null"
    guest.run(check)
    portal = rig.group.member_portal(1)
    guest.run(f"iscsiadm -m node -T {iqn} -p {portal} --logout")
    guest.run(check)
    guest.run(f"iscsiadm -m node -T {iqn} -p {portal} --login")
    all_paths = lambda: guest.run("multipath -ll").count("active ready running") == 2
    wait_until(all_paths, "the second path", timeout=20, pause=0.5)
    return "two paths again"
