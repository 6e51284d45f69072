"""Volumes that lie on several members, and members that serve all of them."""
import os

from initiator import Session
from rig import MEMBERS
from rows import expect, row, same
from support import PAGE, stored_bytes


@row('B1.b', 'resources are divided among the servers')
def divided(rig):
    group = rig.group()
    owners = group.owners('v')
    counts = {m: owners.count(m) for m in MEMBERS}
    expect(min(counts.values()) > 0 and max(counts.values()) < len(owners), f'pages by member: {counts}')
    return f'{len(owners)} pages of one volume: {counts}'


@row('B1.d', "a first part lies on the first server's device, a second on the second's")
def on_devices(rig):
    group = rig.group('--durability', 'writeback')
    owners = group.owners('v')
    with group.session(1, 'v') as s:
        for page in range(len(owners)):
            s.write(page * PAGE // 512, b'claim-page-%04d ' % page * 256)
        s.flush()
    for member in group.info['members']:
        content = stored_bytes(member['store'])
        held = {p for p in range(len(owners)) if b'claim-page-%04d ' % p in content}
        expect(held == {p for p, owner in enumerate(owners) if owner == member['id']}, f"member {member['id']} stores pages {sorted(held)}")
    return f'{len(owners)} patterns found in the stores of their owners and nowhere else'


@row('B1.a', 'connections between several clients and several servers are managed together')
def managed(rig):
    group = rig.group()
    sessions = [group.session(m, 'v', isid=m, initiator=f'iqn.2026-11.io.shoal:client{m}') for m in MEMBERS]
    try:
        views = [sorted((s['id'], s['initiator']) for s in group.ctl(m, 'sessions')) for m in MEMBERS]
    finally:
        for s in sessions:
            s.close()
    expect(views[0] == views[1] == views[2] and len(views[0]) == 3, f'views: {views}')
    return f'every member lists the same {len(views[0])} sessions with client and member'


@row('B11', 'a storage device provides storage to the clients')
def storage(rig):
    group = rig.group()
    with group.session(1, 'v', isid=1) as a, group.session(2, 'v', isid=2, initiator='iqn.2026-11.io.shoal:other') as b:
        for i in range(20):
            data = os.urandom(4096)
            a.write(i * 8, data)
            expect(b.read(i * 8, 8) == data, 'one client reads what the other did not write')
            b.write(i * 8 + 2048, data)
            expect(a.read(i * 8 + 2048, 8) == data, 'and the other way round')
    return '40 writes of two clients through two members, each read back by the other'


@row('B14.a', 'a server has client connections and a connection to at least one other')
def one_server(rig):
    group = rig.group()
    status = group.ctl(2, 'status')
    peers = [m for m in status['members'] if m['state'] == 'up']
    portals = [m for m in status['members'] if m['state'] == 'self'][0]
    expect(len(peers) == 2, f'{len(peers)} links are up')
    return f"member 2: portals {portals['group_portals'][0]}, {portals['member_portal']}; links to {len(peers)} peers up"


@row('B14.c', 'a request is split into what is local and what is on the other server')
def split(rig):
    group = rig.group()
    owners = group.owners('v')
    border = next(p for p in range(1, len(owners)) if owners[p - 1] == 2 and owners[p] != 2)
    lba = (border * PAGE - 4096) // 512
    with group.session(2, 'v') as s:
        data = os.urandom(12288)
        s.write(lba, data)
        before = group.counters(2)
        expect(s.read(lba, 24) == data, 'wrong data')
        after = group.counters(2)
    grown = {name: after[name] - before[name] for name in ('local_bytes', 'forwarded_bytes')}
    expect(grown == {'local_bytes': 4096, 'forwarded_bytes': 8192}, f'counters grew by {grown}')
    return 'a READ of 12 KiB over a border: local_bytes + 4096, forwarded_bytes + 8192, data right'


@row('B17', 'clients address the servers as one group')
def one_address(rig):
    group = rig.group()
    with Session(group.address(1), '', session_type='Discovery') as s:
        addresses = {line.split('=')[1] for line in s.send_targets().split('\0') if line.startswith('TargetAddress=')}
    expect(len(addresses) == 1, f'discovery names {addresses}')
    served = set()
    for i in range(3):
        with Session(group.address(1), group.iqn('v'), initiator=f'iqn.2026-11.io.shoal:one-{i}') as s:
            served.add(s.address[0])
    expect(len(served) > 1, f'all at {served}')
    return f'discovery names one address, {addresses.pop()}; three logins there are served at {len(served)} members'


@row('B19', 'a routing table tells which parts are here and which there')
def routing_table(rig):
    group = rig.group()
    maps = [group.ctl(m, 'map', 'v') for m in MEMBERS]
    expect(len({m['hash'] for m in maps}) == 1, 'the tables differ')
    return f"the same table at every member, hash {maps[0]['hash'][:12]}"


@row('B20', 'the servers are part of a storage area network')
def network(rig):
    group = rig.group()
    with Session(group.address(1), '', session_type='Discovery') as s:
        expect(group.iqn('v') in s.send_targets(), 'discovery does not find the volume')
    result = group.bench(group.url(1, 'v', 3260), '--seconds', '2', '--verify')
    expect((result['failed'], result['wrong']) == (0, 0), result['first_problem'])
    return f"iSCSI discovery, login and {result['reads'] + result['writes']} verified commands of libiscsi; the Linux initiator: scripts/linux-test"


@row('B27', 'the routing table is kept')
def table_survives(rig):
    group = rig.group('--durability', 'writeback')
    before = group.ctl(1, 'map', 'v')['hash']
    for member in MEMBERS:
        group.script('member', str(member), 'stop')
    for member in MEMBERS:
        group.script('member', str(member), 'start')
    expect(group.ctl(1, 'map', 'v')['hash'] == before, 'another table after a restart')
    return 'the same table after a restart of every member'


same('B14.b', 'its device stores only a portion', 'B1.d')
same('B13', 'a network of several such servers', 'B20')
same('B25', 'servers are addressed as a group', 'B17')
same('B28', 'part of a storage area network', 'B20')
