"""Hosts that log in by the group portal, and what each member answers to them, by the hosts' own counts."""
import time

from rig import MEMBERS
from support import eventually

GROUP_PORTAL = 3260


def pinned(rig, group, member, count, name, **more):
    """Hosts that were sent to that member by a pin, which is taken away again: from now on they may be moved."""
    pattern = f'iqn.2026-11.io.shoal:{name}-*'
    group.ctl(1, 'load', 'pin', pattern, str(member))
    eventually(lambda: all(pattern in str(group.ctl(m, 'load', 'rules')) for m in MEMBERS), 10, f'the pin {pattern} at every member')
    hosts = rig.hosts(group, count, name, port=GROUP_PORTAL, **more)
    eventually(lambda: places(group, [hosts]).count(member) == count, 20, f'{count} hosts at member {member}')
    group.ctl(1, 'load', 'unpin', pattern)
    return hosts


def served_at(group):
    return {s['initiator']: s['member'] for s in group.ctl(1, 'sessions')}


def places(group, all_hosts):
    at = served_at(group)
    return [at.get(initiator) for hosts in all_hosts for initiator in hosts.initiators()]


def sessions_by_member(group, all_hosts):
    at = places(group, all_hosts)
    return [at.count(m) for m in MEMBERS]


def answered_by_member(group, all_hosts, seconds):
    """Commands a second at each member, over a time in which no host was moved."""
    for _ in range(10):
        at, before = places(group, all_hosts), counts(all_hosts)
        time.sleep(seconds)
        if places(group, all_hosts) == at and None not in at:
            gained = [b - a for a, b in zip(before, counts(all_hosts))]
            return [sum(n for n, m in zip(gained, at) if m == member) / seconds for member in MEMBERS]
    raise AssertionError('hosts are moved all the time')


def counts(all_hosts):
    return [n for hosts in all_hosts for n in hosts.answered]


def rate(all_hosts, seconds):
    """Commands a second of all hosts together."""
    before, begun = sum(counts(all_hosts)), time.monotonic()
    time.sleep(seconds)
    return (sum(counts(all_hosts)) - before) / (time.monotonic() - begun)


def unevenness(figures):
    """The most that one of them differs from the mean, as a part of it."""
    mean = sum(figures) / len(figures)
    return max(abs(one - mean) for one in figures) / mean


def moves(group):
    """Sessions that members have moved since they run."""
    lines = [line for m in MEMBERS for line in group.metrics(m).splitlines() if line.startswith('shoal_moves_begun_total')]
    return sum(int(float(line.split()[-1])) for line in lines)


def no_errors(*all_hosts):
    """Ends them; what they say: commands that failed and blocks that were wrong."""
    failed = wrong = 0
    for hosts in all_hosts:
        failed += hosts.failed()
        result = hosts.end()
        if result:
            failed, wrong = failed + result['failed'], wrong + result['wrong']
    return failed, wrong
