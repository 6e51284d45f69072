"""The log of the Linux kernel's dm-log-writes: the writes to a device in the order in which they became durable. What a
device's write cache held is in it from the flush on that wrote it back, and nothing of it before; a write that was
durable in itself (FUA) is there when it was complete. So the log up to a mark is what a device holds whose power is
cut then and whose cache is lost.

A sector with the number of entries, then the entries: a sector each, with the data behind it (dm-log-writes.c)."""

import collections
import struct

SECTOR = 512
MAGIC = 0x6a736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8

Entry = collections.namedtuple("Entry", "sector sectors flags text data_at")


def entries(log):
    log.seek(0)
    magic, version, count, sector_bytes = struct.unpack("<QQQI", log.read(28))
    if (magic, version, sector_bytes) != (MAGIC, 1, SECTOR):
        raise ValueError(f"no log of dm-log-writes: {magic:x}, version {version}, sectors of {sector_bytes}")
    at = SECTOR
    for _ in range(count):
        log.seek(at)
        header = log.read(SECTOR)
        sector, sectors, flags, text_bytes = struct.unpack("<QQQQ", header[:32])
        at += SECTOR
        yield Entry(sector, sectors, flags, header[32:32 + text_bytes].decode(), at)
        if not flags & DISCARD:
            at += sectors * SECTOR


def replay(log_path, device_path, mark):
    """Writes to the device what the log has before the mark; gives how many entries that were, by kind, and how many come after."""
    counts = collections.Counter()
    with open(log_path, "rb") as log, open(device_path, "r+b") as device:
        for entry in entries(log):
            if counts["marks"]:
                counts["later"] += 1
            elif entry.flags & MARK:
                counts["marks"] += entry.text == mark
            else:
                counts["flushes"] += bool(entry.flags & FLUSH)
                counts["durable writes" if entry.flags & FUA else "writes"] += entry.sectors > 0
                write(device, log, entry)
    if not counts["marks"]:
        raise ValueError(f"the log has no mark {mark}")
    return counts


def write(device, log, entry):
    log.seek(entry.data_at)
    device.seek(entry.sector * SECTOR)
    device.write(bytes(entry.sectors * SECTOR) if entry.flags & DISCARD else log.read(entry.sectors * SECTOR))
