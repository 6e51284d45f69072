"""Allocation: where a login is served."""
from initiator import Session
from rig import MEMBERS
from rows import expect, row


def served_at(group, initiator, portal=1, **more):
    session = Session(group.address(portal), group.iqn('v'), initiator=f'iqn.2026-11.io.shoal:{initiator}', **more)
    return session, int(session.address[0].rsplit('.', 1)[1])


@row('B5', 'incoming requests are distributed over the servers')
def thirty(rig):
    group = rig.group()
    logins = [served_at(group, f'thirty-{i}') for i in range(30)]
    counts = {m: sum(at == m for _, at in logins) for m in MEMBERS}
    for session, _ in logins:
        session.close()
    expect(all(9 <= n <= 11 for n in counts.values()), f'logins by member: {counts}')
    return f'30 logins of 30 initiators: {counts}'


@row('B1.c', 'each server has at least one client of the set')
def each_has_one(rig):
    group = rig.group()
    logins = [served_at(group, f'each-{i}') for i in range(3)]
    at = sorted(member for _, member in logins)
    for session, _ in logins:
        session.close()
    expect(at == [1, 2, 3], f'three clients are served at {at}')
    return f'three clients are served at members {at}'


@row('B7', 'a login is redirected on the wire')
def redirected(rig):
    group = rig.group()
    for i in range(6):
        session = Session(group.address(1), group.iqn('v'), initiator=f'iqn.2026-11.io.shoal:wire-{i}', follow=False)
        if session.redirects:
            host, port = session.redirects[0]
            return f'Login Response status 0101, TargetAddress={host}:{port}'
        session.close()
    raise AssertionError('six logins at member 1 were all served there')
