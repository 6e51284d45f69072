"""The life of a disk behind mutual CHAP, with both digests: discovered, refused with a wrong secret, redirected, formatted, written,
back with the same content, verified, trimmed."""

from checks import expect
from open_iscsi import finish_fio, start_fio

DISCOVERY = {"user": "looker", "secret": "what-is-there-0001", "target_user": "shoal-group", "target_secret": "here-it-all-is-02"}
DISK = {"user": "host-1", "secret": "open-sesame-0003", "target_user": "shoal-disk", "target_secret": "to-you-alone-0004"}
SECRETS = [account[key] for account in (DISCOVERY, DISK) for key in ("secret", "target_secret")]

# Relative paths begin at the folder of the members' configuration, which is the job's.
MEMBER_KEYS = {"discovery_chap": {"user": DISCOVERY["user"], "secret_file": "looker.secret",
                                  "mutual_user": DISCOVERY["target_user"], "mutual_secret_file": "group.secret"}}

WRITE_FILES = """
mkfs.ext4 -q {device}
mount {device} /mnt
head -c 24M /dev/urandom | split -b 1M - /mnt/part-
cd /mnt; sha256sum part-* > /tmp/sums; cd /
umount /mnt
"""

CHECK_FILES = """
fsck.ext4 -f -n {device}
mount {device} /mnt
cd /mnt; sha256sum --quiet -c /tmp/sums; cd /
"""

TRIM_FILES = """
rm /mnt/part-a[a-l]
sync
fstrim -v /mnt
grep -v 'part-a[a-l]' /tmp/sums > /tmp/rest
umount /mnt
mount {device} /mnt
cd /mnt; sha256sum --quiet -c /tmp/rest; cd /
umount /mnt
"""

DISCARD_ALL = """
blkdiscard {device}
head -c 64M /dev/zero | cmp -n 67108864 - {device}
"""


def run(rig):
    group, guest, initiator = rig.group, rig.guest, rig.initiator
    iqn = group.create_volume("closed", size_mib=512)
    write_secrets(rig.job)
    group.set_chap("closed", DISK["user"], rig.job / "host.secret", DISK["target_user"], rig.job / "disk.secret")
    portal = group.group_portal(1)

    with rig.step("discovery without CHAP is refused, with mutual CHAP it names the target"):
        expect_refused(initiator, f"iscsiadm -m discovery -t st -p {portal}")
        found = initiator.discover_with_chap(portal, **DISCOVERY)
        expect(found == [(portal, iqn)], f"discovered {found}")
    with rig.step("login without CHAP and with wrong secrets of either side is refused"):
        login = f"iscsiadm -m node -T {iqn} --login"
        expect_refused(initiator, login)
        initiator.set_chap(iqn, "SHA256", **{**DISK, "secret": "another-secret-0"})
        expect_refused(initiator, login)
        initiator.set_chap(iqn, "SHA256", **{**DISK, "target_secret": "another-secret-0"})
        expect_refused(initiator, login, by="non-retryable iSCSI login failure")  # the host does not trust the target
    with rig.step("mutual CHAP with SHA3-256 through a redirect, both digests") as notes:
        initiator.set_chap(iqn, "SHA3-256", **DISK)
        initiator.set_digests(iqn)
        current = initiator.login_redirected(iqn)
        expect(initiator.digests() == ("CRC32C", "CRC32C"), f"digests: {initiator.digests()}")
        notes.append(f"{portal} -> {current}")
    with rig.step("one disk: mkfs.ext4, 24 files"):
        device = initiator.one_disk()
        guest.run(WRITE_FILES.format(device=device))
    with rig.step("logout, login; fsck is clean, checksums are the same"):
        initiator.logout(iqn)
        expect(initiator.disks() == [], "the disk outlived the logout")
        initiator.login(iqn)
        device = initiator.one_disk()
        guest.run(CHECK_FILES.format(device=device))
    with rig.step("fstrim frees what was deleted and nothing else") as notes:
        notes.append(guest.run(TRIM_FILES.format(device=device)).splitlines()[0])
    with rig.step("fio on the raw disk, random write and verify") as notes:
        script = start_fio(guest, "raw", device, "--size=32M --offset=64M")
        notes.append(finish_fio(script, "raw", timeout=120))
    with rig.step("blkdiscard; the disk reads zeros"):
        guest.run(DISCARD_ALL.format(device=device))
    with rig.step("logout; the kernel saw no error; no secret is in a log or in etcd"):
        initiator.logout(iqn)
        errors = initiator.kernel_errors()
        expect(errors == "", errors)
        told = told_secrets(rig.job)
        expect(told == [], f"secrets in {told}")


def expect_refused(initiator, command, by="authorization failure"):
    complaint = initiator.complaint_of(command)
    expect(by in complaint, f"{command}: {complaint}")


def write_secrets(job):
    files = {"looker": DISCOVERY["secret"], "group": DISCOVERY["target_secret"],
             "host": DISK["secret"], "disk": DISK["target_secret"]}
    for name, secret in files.items():
        path = job / f"{name}.secret"
        path.write_text(secret + "\n")
        path.chmod(0o600)


def told_secrets(job):
    """Files of members and of etcd that hold a secret."""
    files = [*job.glob("*.log"), *(path for path in (job / "etcd").rglob("*") if path.is_file())]
    return [path.name for path in files if any(secret.encode() in path.read_bytes() for secret in SECRETS)]
