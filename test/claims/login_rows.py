"""Allocation: where a login is served."""
import threading
import time

from initiator import Dropped, Session
from rig import MEMBERS, loads, settled
from rows import expect, row
from support import eventually


def served_at(group, initiator, portal=1, **more):
    session = Session(group.address(portal), group.iqn('v'), initiator=f'iqn.2026-11.io.shoal:{initiator}', **more)
    return session, int(session.address[0].rsplit('.', 1)[1])


@row('B5', 'incoming requests are distributed over the servers')
def thirty(rig):
    group = rig.group()
    settled(group, 4)
    logins = [served_at(group, f'thirty-{i}') for i in range(30)]
    counts = {m: sum(at == m for _, at in logins) for m in MEMBERS}
    for session, _ in logins:
        session.close()
    expect(all(9 <= n <= 11 for n in counts.values()), f'logins by member: {counts}')
    return f'30 logins of 30 initiators: {counts}'


@row('B1.c', 'each server has at least one client of the set')
def each_has_one(rig):
    group = rig.group()
    settled(group)
    logins = [served_at(group, f'each-{i}') for i in range(3)]
    at = sorted(member for _, member in logins)
    for session, _ in logins:
        session.close()
    expect(at == [1, 2, 3], f'three clients are served at {at}')
    return f'three clients are served at members {at}'


@row('B7', 'a login is redirected on the wire')
def redirected(rig):
    group = rig.group()
    settled(group)
    for i in range(6):
        session = Session(group.address(1), group.iqn('v'), initiator=f'iqn.2026-11.io.shoal:wire-{i}', follow=False)
        if session.redirects:
            host, port = session.redirects[0]
            return f'Login Response status 0101, TargetAddress={host}:{port}'
        session.close()
    raise AssertionError('six logins at member 1 were all served there')


@row('B4', 'a client is made to talk to a selected server, which an operator may name')
def pinned(rig):
    group = rig.group()
    settled(group)
    chosen = served_at(group, 'free', portal=2)
    rules(group, 'pin', 'iqn.2026-11.io.shoal:pinned*', '3')
    try:
        there = [served_at(group, f'pinned-{portal}', portal=portal) for portal in MEMBERS]
    finally:
        rules(group, 'unpin', 'iqn.2026-11.io.shoal:pinned*')
    for session, _ in (chosen, *there):
        session.close()
    expect([at for _, at in there] == [3, 3, 3], f'pinned to member 3, served at {[at for _, at in there]}')
    answers = ', '.join(f'{host}:{port}' for session, _ in there for host, port in session.redirects)
    return f'without a pin member {chosen[1]} is selected; pinned to member 3, through three portals: redirected to {answers}'


@row('B6', 'distribution includes round robin')
def in_turn(rig):
    group = rig.group('--volume', 'spare:4MiB:1MiB')  # of its own: it loses what one member has in memory
    settled(group)
    rules(group, 'policy', 'round-robin')
    try:
        turns = in_a_row(group, 'turn', 6)
        group.ctl(1, 'member', 'drain', '3')
        eventually(lambda: loads(group)[3].get('draining'), 5, 'the drain of member 3')
        without_3 = in_a_row(group, 'drained', 4)
        group.ctl(1, 'member', 'undrain', '3')
        eventually(lambda: loads(group)[3].get('ready'), 5, 'the end of the drain')
        group.script('member', '2', 'kill')
        eventually(lambda: not loads(group)[2]['heard'], 10, 'the death of member 2')
        without_2 = in_a_row(group, 'dead', 4)
    finally:
        group.script('member', '2', 'start')
        settled(group)
        rules(group, 'policy', 'least-loaded')
    expect(turns == [1, 2, 3, 1, 2, 3], f'six logins in a row: {turns}')
    expect(set(without_3) == {1, 2} and set(without_2) == {1, 3}, f'without member 3: {without_3}, without member 2: {without_2}')
    return f'six logins: {turns}; while member 3 drains: {without_3}; while member 2 is down: {without_2}'


def rules(group, *words):
    """An order about load, in force at every member."""
    said = group.ctl(1, 'load', *words)
    eventually(lambda: all(group.ctl(m, 'load', 'rules') == said for m in MEMBERS), 5, f'{words} at every member')


def in_a_row(group, name, count):
    logins = [served_at(group, f'{name}-{i}') for i in range(count)]
    for session, _ in logins:
        session.close()
    return [at for _, at in logins]


@row('B8', 'a client is disconnected from one server and reconnected to another, while running')
def moved(rig):
    group = rig.group()
    settled(group)
    with rig.hosts(group, 1, 'copy', port=3260, rate=200, verify=True, pattern='randrw') as host:
        here = eventually(lambda: group.sessions_of('copy-0'), 10, 'the session of the host')[0]
        answer = group.ctl(1, 'session', 'move', here['id'], '--how', 'polite')
        before = host.answered[0]
        eventually(lambda: host.answered[0] > before + 100, 10, 'I/O after the move')
        expect(host.failed() == 0, f'{host.failed()} commands failed')
        pause = host.longest_s()
    deaf, to = to_a_deaf_host(group)
    return (f"asked to log out, redirected and logged in at member {answer['to']} in {answer['arrived_ms'] / 1000:.2f} s with its I/O running, "
            f'none failed, the longest took {pause:.2f} s; one that ignores the request was closed after {deaf:.1f} s and came to member {to}')


def to_a_deaf_host(group):
    """Asks a host to log out that does not: after how long it is closed, and where it is served then."""
    session, at = served_at(group, 'deaf')
    here = group.sessions_of('deaf')[0]
    order = threading.Thread(target=group.ctl, args=(1, 'session', 'move', here['id'], '--how', 'polite'))
    order.start()
    asked = None
    while True:
        try:
            session.receive_any()
        except Dropped:
            break
        if session.events and not asked:
            asked = time.monotonic()
    took = time.monotonic() - asked
    session.close()
    session.login()
    order.join(30)
    to = int(session.address[0].rsplit('.', 1)[1])
    session.close()
    expect(to != at, f'it came back to member {at}')
    return took, to


@row('M18', 'round robin as the simplest policy, adaptive ones beside it')
def policies(rig):
    group = rig.group()
    settled(group)
    seen = []
    try:
        for policy in 'round-robin', 'weighted', 'affinity', 'least-loaded':
            begun = time.monotonic()
            rules(group, 'policy', policy)
            seen.append(f'{policy} in force at all members after {time.monotonic() - begun:.2f} s')
            at = in_a_row(group, policy, 3)
            expect(sorted(at) == [1, 2, 3], f'{policy}: three logins are served at {at}')
    finally:
        rules(group, 'policy', 'least-loaded')
    return '; '.join(seen)


@row('M19', 'allocation at login and distribution later have switches of their own')
def apart(rig):
    group = rig.group()
    settled(group, 4)
    rules(group, 'balance', 'off')
    try:
        at = in_a_row(group, 'apart', 3)
    finally:
        rules(group, 'balance', 'act')
    expect(sorted(at) == [1, 2, 3], f'with the balancer off three logins are served at {at}')
    metrics = group.metrics(1)
    for name in 'redirects_total', 'moves_begun_total':
        expect(f'shoal_{name}' in metrics, f'no metric {name}')
    return f'with `load balance off` logins are still placed at {at}; metrics redirects_total and moves_begun_total'
