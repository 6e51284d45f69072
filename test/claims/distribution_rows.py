"""Distribution: sessions that follow load while hosts work."""
import time

from rig import MEMBERS, loads, settled
from rows import NotYet, expect, row, same
from spread import (GROUP_PORTAL, answered_by_member, moves, no_errors, pinned, places, rate, sessions_by_member,
                    unevenness)
from support import PAGE, eventually
from test_moves import Host


def decisions(group, kind='move'):
    """Of all members, newest first."""
    found = group.ctl(1, 'decisions', '--last', '200')['decisions']
    return sorted((d for d in found if d['kind'] == kind), key=lambda d: d['age_s'])


def decided(group):
    """The newest decision to move: what tells it from others."""
    newest = decisions(group)[:1]
    return [(d['member'], d['number']) for d in newest]


def balanced(group, mode):
    group.ctl(1, 'load', 'balance', mode)
    eventually(lambda: all(group.ctl(m, 'load', 'rules')['balance'] == mode for m in MEMBERS), 10, f'balance {mode} at every member')


def policy(group, name):
    group.ctl(1, 'load', 'policy', name)
    eventually(lambda: all(group.ctl(m, 'load', 'rules')['policy'] == name for m in MEMBERS), 10, f'policy {name} at every member')


@row('B1.f', 'a client connection moves from the first to the second server by load')
def moves_by_load(rig):
    group = rig.group()
    settled(group)
    begun = time.monotonic()
    hosts = pinned(rig, group, 1, 2, 'two', rate=150, depth=4, verify=True, span='16MiB')
    eventually(lambda: 1 in sessions_by_member(group, [hosts])[1:], 60, 'a session that goes elsewhere')
    took = time.monotonic() - begun
    answered = sum(hosts.answered)
    eventually(lambda: sum(hosts.answered) > answered + 300, 20, 'I/O after the move')
    decision = eventually(lambda: decisions(group)[0].get('outcome', {}).get('pause_s') and decisions(group)[0], 20, 'the outcome of the move')
    longest = hosts.longest_s()
    failed, wrong = no_errors(hosts)
    expect(failed == wrong == 0, f'{failed} commands failed, {wrong} blocks wrong')
    before = {m['member']: m['client_load'] for m in decision['inputs']['members']}
    return (f"after {took:.0f} s session {decision['session']} went to member {decision['choice']} ({decision['reason']}); load before "
            f"{'/'.join(f'{before[m]:.0f}' for m in MEMBERS)}; pause {1000 * decision['outcome']['pause_s']:.0f} ms, longest command {1000 * longest:.0f} ms, 0 errors")


@row('B3', 'where a session moves to is decided by where its pages are')
def resource_loads(rig):
    group = rig.group('--placement', 'contiguous')
    settled(group)
    policy(group, 'affinity')
    try:
        hosts = pinned(rig, group, 1, 1, 'third', rate=200, depth=4, offset='32MiB', span='16MiB')
        before = forwarded_share(group, 5)
        eventually(lambda: places(group, [hosts]) == [3], 60, 'the session at member 3')
        decision = decisions(group)[0]
        after = forwarded_share(group, 5)
        failed, _ = no_errors(hosts)
    finally:
        policy(group, 'least-loaded')
    alternatives = {a['member']: a for a in decision['alternatives'] if a.get('member')}
    expect(decision['choice'] == 3 and 3 in alternatives, f'decided for {decision["choice"]}')
    expect(failed == 0, f'{failed} commands failed')
    expect(before > 0.9 and after < 0.1, f'forwarded share {before:.2f} before, {after:.2f} after')
    return f"formula {decision['formula']}; went to member 3, forwarded share {100 * before:.0f} % -> {100 * after:.0f} %"


def forwarded_share(group, seconds):
    """Of the bytes of all hosts in that time."""
    def bytes_():
        counters = [group.counters(m) for m in MEMBERS]
        return [sum(c[f'{kind}_bytes'] for c in counters) for kind in ('local', 'forwarded')]
    before = bytes_()
    time.sleep(seconds)
    local, forwarded = (b - a for a, b in zip(before, bytes_()))
    return forwarded / max(1, local + forwarded)


@row('B10', 'distribution follows load that changes', slow=True)
def adaptive(rig):
    group = rig.group()
    settled(group)
    changes, period = (2, 40) if rig.short else (10, 60)
    hosts = rig.hosts(group, 9, 'hot', port=GROUP_PORTAL, rate=15, depth=4)
    begun, seen = moves(group), []
    try:
        for change in range(changes):
            hot = (4 * change) % 9
            for host in range(9):
                hosts.set_rate(host, 250 if host == hot else 15)
            time.sleep(period)
            at = places(group, [hosts])
            seen.append(at.count(at[hot]) - 1)  # that share its member with the hot one
        followed = moves(group) - begun
        swinging = oscillate(group, hosts, 3 if rig.short else 12)
    finally:
        failed, _ = no_errors(hosts)
    expect(failed == 0, f'{failed} commands failed')
    expect(followed <= 6 * changes, f'{followed} moves in {changes} changes')
    expect(sum(seen) / len(seen) <= 1, f'quiet clients left beside the hot one at the end of each period: {seen}')
    expect(swinging <= 4, f'{swinging} moves while load swung')
    return (f'a hot client that changes {changes} times, every {period} s: {followed} moves, beside it {seen} of 8 quiet ones; '
            f'load that swings every 10 s: {swinging} moves')


def oscillate(group, hosts, turns):
    """Thirds of the hosts are loud by turns; so many moves were made of it."""
    begun = moves(group)
    for turn in range(turns):
        for host in range(hosts.count):
            hosts.set_rate(host, 120 if host % 3 == turn % 3 else 10)
        time.sleep(10)
    return moves(group) - begun


@row('B14.e', 'an over-utilised server closes a connection to a client')
def sheds(rig):
    group = rig.group()
    settled(group)
    quiet = [pinned(rig, group, m, 2, f'alike{m}', rate=40) for m in MEMBERS]
    begun = moves(group)
    time.sleep(20)
    below = moves(group) - begun
    for each in quiet:
        each.end()
    before = decided(group)
    hosts = pinned(rig, group, 2, 3, 'over', rate=100, depth=4)
    eventually(lambda: decided(group) != before, 60, 'a decision to move')
    decision = decisions(group)[0]
    eventually(lambda: max(sessions_by_member(group, [hosts])) < 3, 30, 'a session elsewhere')
    gone = next(i for i, m in zip(hosts.initiators(), places(group, [hosts])) if m != 2)
    requests = eventually(lambda: own_requests(group, gone), 20, 'requests of that client elsewhere')
    failed, _ = no_errors(hosts)
    expect(below == 0, f'{below} moves though all carried alike')
    expect('over-utilised' in decision['reason'], f"reason {decision['reason']}")
    expect(failed == 0, f'{failed} commands failed')
    rig.moved = f'{gone} moved and went on at member {requests[0]} with {requests[1]} commands'
    return f"none while 3 x 2 sessions carried alike; 3 of one member: session {decision['session']} closed, reason {decision['reason']}"


def own_requests(group, initiator):
    session = next((s for s in group.ctl(1, 'sessions') if s['initiator'] == initiator), None)
    return (session['member'], session['commands']) if session and session['commands'] > 50 else None


@row('B15', "the client's later requests go to the other server")
def later_requests(rig):
    rig.seen('B14.e')
    return rig.moved


@row('B16', 'what is partitioned is made of pages')
def pages(rig):
    group = rig.group()
    raise NotYet(f"{len(group.owners('v'))} pages of 1 MiB, each owned by one member (B1.b); pages do not move yet")


@row('B18', 'closing the connection is transparent to the client', slow=True)
def transparent(rig):
    group = rig.group()
    hosts = rig.hosts(group, 1, 'checked', port=GROUP_PORTAL, depth=8, rate=2000, verify=True, span='16MiB')
    count = 5 if rig.short else 20
    for _ in range(count):
        here = eventually(lambda: next((s for s in group.ctl(1, 'sessions') if s['initiator'] in hosts.initiators()), None), 10,
                          'the session')
        group.ctl(1, 'session', 'move', here['id'])
    answered = sum(hosts.answered)
    eventually(lambda: sum(hosts.answered) > answered, 10, 'I/O after the moves')
    longest = hosts.longest_s()
    failed, wrong = no_errors(hosts)
    expect(failed == wrong == 0, f'{failed} commands failed, {wrong} blocks wrong')
    return f'{count} moves of a verifying libiscsi host: 0 errors, longest command {1000 * longest:.0f} ms (of the Linux initiator: scripts/pause)'


@row('B21', 'servers are equivalent: each handles requests, measures, and distributes', slow=True)
def equivalent(rig):
    group = rig.group()
    settled(group)
    parts = {m: running_parts(group, m) for m in MEMBERS}
    expect(all(len(found) == 3 for found in parts.values()), f'parts at work by member: {parts}')
    shed = []
    for member in (2,) if rig.short else MEMBERS:
        hosts = pinned(rig, group, member, 3, f'turn{member}', rate=100, depth=4)
        eventually(lambda: sessions_by_member(group, [hosts])[member - 1] < 3, 60, f'a session that member {member} sheds')
        shed.append(member)
        failed, _ = no_errors(hosts)
        expect(failed == 0, f'{failed} commands failed')
    return f'at each member {", ".join(parts[1])} are at work; overloaded in turn, members {shed} shed a client'


def running_parts(group, member):
    """Of request handler, load monitor and distributor those that show in what the member says of itself."""
    before = loads(group, member)[member]['sequence']
    with group.session(member, 'v') as session:
        session.read(0, 8)
    lines = group.metrics(member).splitlines()
    figure = lambda name: sum(float(line.split()[-1]) for line in lines if line.startswith(name))
    measured = eventually(lambda: loads(group, member)[member]['sequence'] > before, 10, f'a report of member {member}')
    parts = {'request handler': figure('shoal_operations_total') > 0, 'load monitor': measured,
             'distributor': any(line.startswith('shoal_decisions_total{kind="move"') for line in lines)
             and group.ctl(member, 'load', 'rules')['balance'] == 'act'}
    return [name for name, at_work in parts.items() if at_work]


@row('B22', 'the method, step by step', slow=True)
def method(rig):
    steps = ('B11', 'B14.a', 'B1.d', 'B14.c', 'B14.d', 'B14.e')
    for step in steps:
        rig.seen(step)
    return f"rows {', '.join(steps)} are its steps, and passed"


same('B23', "the client's later requests go to the other server", 'B15')
same('B26', 'closing is transparent', 'B18')
same('B29', 'equivalent servers', 'B21')


@row('L1', '24/3/3 sessions of equal rate become even', slow=True)
def evened(rig):
    group = rig.group()
    settled(group)
    balanced(group, 'off')
    hosts = [pinned(rig, group, m, n, f'skew{m}', rate=15) for m, n in zip(MEMBERS, (24, 3, 3))]
    begun, time_limit = moves(group), time.monotonic() + 60
    balanced(group, 'act')
    try:
        while unevenness(sessions_by_member(group, hosts)) > 0.1:
            expect(time.monotonic() < time_limit, f'after 60 s the sessions are {sessions_by_member(group, hosts)}')
            time.sleep(0.5)
        took = 60 - (time_limit - time.monotonic())
        answered = answered_by_member(group, hosts, 10)
        made = moves(group) - begun
        time.sleep(5 if rig.short else 60)
        later = answered_by_member(group, hosts, 10)
        more = moves(group) - begun - made
    finally:
        failed, _ = no_errors(*hosts)
    for figures in answered, later:
        expect(unevenness(figures) <= 0.1, f'commands a second by member: {figures}')
    expect(failed == 0 and more <= 2, f'{failed} commands failed, {more} moves afterwards')
    return (f"even after {took:.0f} s and {made} moves: {'/'.join(f'{n:.0f}' for n in answered)} commands/s by member; "
            f"later {'/'.join(f'{n:.0f}' for n in later)}, {more} more moves")


@row('L2', 'members of limited power carry more when load is spread', slow=True)
def throughput(rig):
    group = rig.group()
    settled(group)
    for member in MEMBERS:
        group.faults(member, host_requests_per_second=400)
    balanced(group, 'off')
    hosts = pinned(rig, group, 1, 30, 'all', rate=100, depth=2)
    try:
        before = rate([hosts], 10)
        balanced(group, 'act')
        eventually(lambda: rate([hosts], 3) >= 1.8 * before, 120, 'more commands a second')
        after, at = rate([hosts], 10), sessions_by_member(group, [hosts])
    finally:
        failed, _ = no_errors(hosts)
        for member in MEMBERS:
            group.faults(member, host_requests_per_second=None)
    expect(failed == 0, f'{failed} commands failed')
    expect(after >= 1.8 * before, f'{before:.0f} commands/s before, {after:.0f} after')
    return f'{before:.0f} commands/s of 30 hosts at one member, {after:.0f} after balancing: {after / before:.2f} x, sessions {at}'


class Thirds(Host):
    """Nine of ten accesses are in a third of its own."""

    def __init__(self, group, volume, third, pages):
        self.third, self.pages = third, pages
        super().__init__(group, volume, f'third{third}', isid=0x800000000200 + third)

    def lba(self):
        third = self.third if self.rounds % 10 else self.rounds // 10 % 3
        page = third * self.pages // 3 + self.rounds % (self.pages // 3)
        return page * PAGE // 512 + 8 * self.third


@row('L3', 'sessions go where their pages are')
def affinity(rig):
    group = rig.group('--placement', 'contiguous')
    settled(group)
    policy(group, 'affinity')
    hosts = [Thirds(group, 'v', third, len(group.owners('v'))) for third in range(3)]
    try:
        for host in hosts:
            host.start()
        before = forwarded_share(group, 3)
        share = eventually(lambda: (lambda s: s < 0.15 and s)(forwarded_share(group, 5)), 90, 'a forwarded share below 15 %')
    finally:
        errors = [host.end() for host in hosts]
        policy(group, 'least-loaded')
    expect(errors == [None] * 3, f'errors: {errors}')
    return f'forwarded share {100 * before:.0f} % at first, {100 * share:.0f} % after balancing'
