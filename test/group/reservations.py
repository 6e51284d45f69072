"""PERSISTENT RESERVE of the small initiator, and a reference model of what it does (SPC-4 5.13), for a few ports by number."""
import struct

from initiator import ScsiError

REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, PREEMPT_AND_ABORT, IGNORE = range(7)
GOOD, CONFLICT, BAD_LIST, BAD_RELEASE = 'good', 'conflict', 'invalid field in parameter list', 'invalid release'
TYPES = (1, 3, 5, 6, 7, 8)
EVERYBODY = 'everybody who is registered'

PREEMPTED_RESERVATIONS, RELEASED, PREEMPTED_REGISTRATIONS = (6, 0x2a, 3), (6, 0x2a, 4), (6, 0x2a, 5)


def outcome(command):
    """What a command comes to: a word for its status or sense, or the code of a unit attention."""
    try:
        command()
        return GOOD
    except ScsiError as error:
        words = {(5, 0x26, 0): BAD_LIST, (5, 0x26, 4): BAD_RELEASE}
        return CONFLICT if error.status == 0x18 else words.get(error.code, error.code)


def reserve_out(session, action, kind=0, key=0, action_key=0):
    cdb = struct.pack('>BBB2xIB', 0x5f, action, kind, 24, 0)
    return outcome(lambda: session.command(cdb, out=struct.pack('>QQ8x', key, action_key)))


def read_keys(session):
    data = session.command(struct.pack('>BB5xHB', 0x5e, 0, 4096, 0), expect=4096)
    generation, length = struct.unpack('>II', data[:8])
    return generation, list(struct.unpack(f'>{length // 8}Q', data[8:8 + length]))


def read_reservation(session):
    """(key, type) or None."""
    data = session.command(struct.pack('>BB5xHB', 0x5e, 1, 256, 0), expect=256)
    return (struct.unpack('>Q', data[8:16])[0], data[21] & 15) if len(data) >= 24 else None


class Model:
    def __init__(self, ports):
        self.keys, self.holder, self.kind, self.generation = [0] * ports, None, 0, 0
        self.attentions = [[] for _ in range(ports)]  # that each has not heard

    def shared(self):
        return self.kind >= 5

    def holds(self, port):
        return self.holder == port or self.holder is EVERYBODY and self.keys[port] != 0

    def may(self, port, write):
        if self.holder is None or self.holds(port) or self.shared() and self.keys[port]:
            return True
        return not write and self.kind in (1, 5, 7)

    def tell(self, port, code):
        if code not in self.attentions[port]:
            self.attentions[port].append(code)

    def tell_registered(self, by, code):
        for port, key in enumerate(self.keys):
            if key and port != by:
                self.tell(port, code)

    def drop(self, port, by):
        self.keys[port] = 0
        if self.holder == port:
            self.holder = None
            if self.shared():
                self.tell_registered(by, RELEASED)
        if self.holder is EVERYBODY and not any(self.keys):
            self.holder = None

    def reserve_out(self, port, action, kind, key, action_key):
        known = self.keys[port] != 0
        if action in (REGISTER, IGNORE):
            if action == REGISTER and key != self.keys[port]:
                return CONFLICT
            if not known and not action_key:
                return GOOD
            if action_key:
                self.keys[port] = action_key
            else:
                self.drop(port, port)
            self.generation += 1
            return GOOD
        if not known or key != self.keys[port]:
            return CONFLICT
        return (self.reserve, self.release, self.clear, self.preempt, self.preempt)[action - 1](port, kind, action_key)

    def reserve(self, port, kind, _):
        if self.holder is not None and not (self.holds(port) and self.kind == kind):
            return CONFLICT
        if self.holder is None:
            self.holder, self.kind = EVERYBODY if kind >= 7 else port, kind
        return GOOD

    def release(self, port, kind, _):
        if not self.holds(port):
            return GOOD
        if self.kind != kind:
            return BAD_RELEASE
        self.holder = None
        if self.shared():
            self.tell_registered(port, RELEASED)
        return GOOD

    def clear(self, port, *_):
        self.tell_registered(port, PREEMPTED_RESERVATIONS)
        self.keys, self.holder = [0] * len(self.keys), None
        self.generation += 1
        return GOOD

    def preempt(self, port, kind, victim):
        takes_over = not victim if self.holder is EVERYBODY else self.holder is not None and self.keys[self.holder] == victim
        if not victim and not takes_over:
            return BAD_LIST
        victims = [p for p, key in enumerate(self.keys) if key and (key == victim if victim else p != port)]
        if not victims and not takes_over:
            return CONFLICT
        for p in victims:
            if p != port:
                self.tell(p, PREEMPTED_REGISTRATIONS)
        if takes_over:
            for p in victims:
                if p != port:
                    self.keys[p] = 0
            if kind != self.kind:
                self.tell_registered(port, RELEASED)
            self.holder, self.kind = EVERYBODY if kind >= 7 else port, kind
        else:
            for p in victims:
                self.drop(p, port)
        self.generation += 1
        return GOOD
