"""A small iSCSI initiator for tests of real processes: one session, one command at a time, everything visible.

    with Session(('127.0.1.1', 3260), iqn) as s:
        s.write(lba, data); s.read(lba, blocks)

A redirect is followed and remembered in `redirects`. Answers other than GOOD raise ScsiError with the sense.
"""
import hashlib
import socket
import struct

LOGIN_KEYS = {'SessionType': 'Normal', 'AuthMethod': 'None'}
OPERATIONAL_KEYS = {'HeaderDigest': 'None', 'DataDigest': 'None', 'DefaultTime2Wait': '2', 'DefaultTime2Retain': '0',
                    'IFMarker': 'No', 'OFMarker': 'No', 'ErrorRecoveryLevel': '0', 'InitialR2T': 'No', 'ImmediateData': 'Yes',
                    'MaxBurstLength': '16776192', 'FirstBurstLength': '262144', 'MaxOutstandingR2T': '1', 'MaxConnections': '1',
                    'DataPDUInOrder': 'Yes', 'DataSequenceInOrder': 'Yes', 'MaxRecvDataSegmentLength': '262144'}


class LoginError(Exception):
    def __init__(self, status):
        super().__init__(f'login status {status:04x}')
        self.status = status


class Dropped(Exception):
    """The target announced the end of the connection (async event 2 or 3), or closed it."""


class ScsiError(Exception):
    def __init__(self, status, sense):
        self.status, self.sense = status, sense
        key, asc, ascq = (sense[2] & 15, sense[12], sense[13]) if len(sense) >= 14 else (0, 0, 0)
        self.code = (key, asc, ascq)
        super().__init__(f'status {status:02x} sense {key:x}/{asc:02x}/{ascq:02x}')


def text(keys):
    return b''.join(f'{k}={v}'.encode() + b'\0' for k, v in keys.items())


def parse(data):
    return dict(item.decode().split('=', 1) for item in data.split(b'\0') if b'=' in item)


class Session:
    source = None  # the address to come from

    def __init__(self, portal, target, initiator='iqn.2026-11.io.shoal:test', isid=0x800000000001, timeout=30, follow=True,
                 session_type='Normal', chap=None, source=None):
        self.portal, self.target, self.initiator, self.isid, self.timeout = portal, target, initiator, isid, timeout
        self.follow, self.session_type = follow, session_type
        self.chap = chap  # (user, secret), with SHA-256
        self.source = (source, 0) if source else None
        self.redirects = []
        self.login()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def login(self):
        address = self.portal
        while True:
            self.connect(address)
            answer = self.negotiate()
            if 'TargetAddress' not in answer or not self.redirected:
                return
            host, port = answer['TargetAddress'].rsplit(':', 1)
            address = (host.strip('[]'), int(port))
            self.redirects.append(address)
            self.sock.close()
            if not self.follow:
                return
            if len(self.redirects) > 8:
                raise LoginError(0x0101)

    def connect(self, address):
        self.sock = socket.create_connection(address, self.timeout, self.source)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = address
        self.cmd_sn, self.exp_stat_sn, self.itt, self.events = 1, 0, 1, []

    def negotiate(self):
        keys = {'InitiatorName': self.initiator, **LOGIN_KEYS, 'SessionType': self.session_type}
        if self.target:
            keys['TargetName'] = self.target
        if self.chap:
            keys['AuthMethod'] = 'CHAP'
        answer = {}
        csg, nsg, offer = 0, 1, keys
        while csg != 3:
            header, data = self.login_exchange(csg, nsg, offer)
            answer.update(parse(data))
            status = header[36] << 8 | header[37]
            self.redirected = status >> 8 == 1
            if self.redirected:
                return answer
            if status:
                self.sock.close()
                raise LoginError(status)
            offer = self.proof(parse(data))
            if header[1] & 0x80:     # on to the next stage
                csg, nsg, offer = header[1] & 3, 3, OPERATIONAL_KEYS
            self.tsih = struct.unpack('>H', header[14:16])[0]
        self.keys = answer
        return answer

    def proof(self, said):
        """What CHAP wants next."""
        if 'CHAP_C' in said:
            user, secret = self.chap
            asked = bytes([int(said['CHAP_I'])]) + secret.encode() + bytes.fromhex(said['CHAP_C'][2:])
            return {'CHAP_N': user, 'CHAP_R': '0x' + hashlib.sha256(asked).hexdigest()}
        return {'CHAP_A': '7'} if said.get('AuthMethod') == 'CHAP' else {}

    def login_exchange(self, csg, nsg, keys):
        data = text(keys)
        header = struct.pack('>BBBBB3s6sHIHHII16x', 0x43, 0x80 | csg << 2 | nsg, 0, 0, 0, len(data).to_bytes(3, 'big'),
                             self.isid.to_bytes(6, 'big'), 0, self.itt, 0, 0, self.cmd_sn, self.exp_stat_sn)
        self.send(header, data)
        return self.receive(0x23)

    def send(self, header, data=b''):
        assert len(header) == 48, len(header)
        self.sock.sendall(header + data + bytes(-len(data) % 4))

    def exactly(self, count):
        parts = bytearray()
        while len(parts) < count:
            part = self.sock.recv(min(1 << 20, count - len(parts)))
            if not part:
                raise Dropped('closed')
            parts += part
        return bytes(parts)

    def receive_any(self):
        header = self.exactly(48)
        length = int.from_bytes(header[5:8], 'big')
        data = self.exactly(header[4] * 4 + length + -length % 4)[header[4] * 4:][:length]
        op = header[0] & 0x3f
        if op not in (0x31,) and not (op == 0x20 and header[16:20] == b'\xff' * 4) and not (op == 0x25 and not header[1] & 1):
            self.exp_stat_sn = (struct.unpack('>I', header[24:28])[0] + 1) & 0xffffffff
        if op == 0x20 and header[20:24] != b'\xff' * 4:      # a ping
            self.send(struct.pack('>BBHI8s4s4sII16x', 0x40, 0x80, 0, 0, header[8:16], b'\xff' * 4, header[20:24], self.cmd_sn, self.exp_stat_sn))
        if op == 0x32:
            self.events.append(header[36])
            if header[36] in (2, 3):
                raise Dropped(f'async event {header[36]}')
        return op, header, data

    def receive(self, wanted):
        while True:
            op, header, data = self.receive_any()
            if op == wanted:
                return header, data

    def start(self, cdb, out=b'', expect=0, lun=0, immediate=True):
        """Sends a command; write data go as immediate data as far as they fit, the rest on R2T."""
        self.itt += 1
        first = out[:65536] if immediate else b''
        flags = 0x80 | (0x40 if expect and not out else 0) | (0x20 if out else 0) | 1
        header = struct.pack('>BBHB3sQIIII16s', 1, flags, 0, 0, len(first).to_bytes(3, 'big'), lun << 48, self.itt, len(out) or expect,
                             self.cmd_sn, self.exp_stat_sn, cdb.ljust(16, b'\0'))
        self.cmd_sn += 1
        self.send(header, first)
        return self.itt

    def finish(self, out=b''):
        data = bytearray()
        while True:
            op, header, payload = self.receive_any()
            if op == 0x31:
                self.answer_r2t(header, out)
            elif op == 0x25:
                at = struct.unpack('>I', header[40:44])[0]
                data[at:at + len(payload)] = payload
                if header[1] & 1:
                    return bytes(data)
            elif op == 0x21:
                if header[3]:
                    raise ScsiError(header[3], payload[2:])
                return bytes(data)
            elif op == 0x3f:
                raise ScsiError(0xff, b'reject %d' % header[2])

    def answer_r2t(self, header, out):
        itt, ttt, offset, length = header[16:20], header[20:24], *struct.unpack('>II', header[40:48])
        sn = 0
        for at in range(offset, offset + length, 65536):
            part = out[at:min(at + 65536, offset + length)]
            final = 0x80 if at + len(part) == offset + length else 0
            self.send(struct.pack('>BBHI8s4s4sIIIIII', 5, final, 0, len(part), bytes(8), itt, ttt, 0, self.exp_stat_sn, 0, sn, at, 0), part)
            sn += 1

    def command(self, cdb, out=b'', expect=0, lun=0):
        self.start(cdb, out, expect, lun)
        return self.finish(out)

    def read(self, lba, blocks, fua=False):
        return self.command(struct.pack('>BBQIBB', 0x88, 8 * fua, lba, blocks, 0, 0), expect=blocks * 512)

    def write(self, lba, data, fua=False):
        self.command(struct.pack('>BBQIBB', 0x8a, 8 * fua, lba, len(data) // 512, 0, 0), out=data)

    def flush(self):
        self.command(struct.pack('>BBQIBB', 0x91, 0, 0, 0, 0, 0))

    def inquiry(self, page=None, length=255):
        return self.command(struct.pack('>BBBHB', 0x12, page is not None, page or 0, length, 0), expect=length)

    def test_unit_ready(self):
        self.command(bytes(6))

    def clear_attentions(self):
        for _ in range(8):
            try:
                return self.test_unit_ready()
            except ScsiError as error:
                if error.code[0] != 6:
                    raise

    def ping(self):
        self.itt += 1
        self.send(struct.pack('>BBHIQIIII16x', 0x40, 0x80, 0, 0, 0, self.itt, 0xffffffff, self.cmd_sn, self.exp_stat_sn))
        self.receive(0x20)

    def manage(self, function, lun=0):
        """A task management function over a set of tasks; gives the response."""
        self.itt += 1
        self.send(struct.pack('>BBHIQIIII16x', 0x02, 0x80 | function, 0, 0, lun << 48, self.itt, 0xffffffff, self.cmd_sn, self.exp_stat_sn))
        self.cmd_sn += 1
        return self.receive(0x22)[0][2]

    def send_targets(self):
        self.itt += 1
        data = b'SendTargets=All\0'
        self.send(struct.pack('>BBHIQIIII16x', 0x04, 0x80, 0, len(data), 0, self.itt, 0xffffffff, self.cmd_sn, self.exp_stat_sn), data)
        self.cmd_sn += 1
        return self.receive(0x24)[1].decode()

    def logout(self):
        self.itt += 1
        self.send(struct.pack('>BBHIQIIII16x', 0x46, 0x80, 0, 0, 0, self.itt, 0, self.cmd_sn, self.exp_stat_sn))
        self.receive(0x26)
        self.sock.close()

    def close(self):
        self.sock.close()
