"""Members measure load, tell each other, and make one picture of it."""
import time

from rig import MEMBERS, load, loads, settled, work
from rows import expect, row, same
from support import eventually


@row('A1.b', "each member's monitor talks to the others'")
def exchange(rig):
    group = rig.group()
    settled(group)
    first = {m: {o: loads(group, m)[o]['sequence'] for o in MEMBERS} for m in MEMBERS}
    time.sleep(3)
    for member in MEMBERS:
        for other, entry in loads(group, member).items():
            expect(entry['sequence'] > first[member][other], f'member {member} hears nothing newer of {other}')
            expect(entry['age_s'] < 2.5, f"member {member} has a picture of {other} that is {entry['age_s']:.1f} s old")
    oldest = max(ages(group))
    for member in MEMBERS:
        group.faults(member, mute_load=True)
    try:
        grown = eventually(lambda: min(ages(group)) > 4 and min(ages(group)), 15, 'ages that grow when nobody tells anything')
    finally:
        for member in MEMBERS:
            group.faults(member, mute_load=False)
    eventually(lambda: max(ages(group)) < 2.5, 15, 'ages that are low again')
    return f'3 x 3 views, numbers grow every second, the oldest is {oldest:.1f} s old; with the exchange stopped all are over {grown:.1f} s'


def ages(group):
    """Of what every member knows of every other."""
    return [entry['age_s'] for m in MEMBERS for other, entry in loads(group, m).items() if other != m]


@row('A1.c', 'from the exchange comes one measure for each member, the same everywhere')
def one_measure(rig):
    group = rig.group()
    settled(group)
    with rig.hosts(group, 4, 'rank', member=2, rate=100):
        eventually(lambda: all(work(group, 2, at) > 250 for at in MEMBERS), 30, 'the load of member 2 in every picture')
        ranks = [sorted(MEMBERS, key=lambda m: -work(group, m, at)) for at in MEMBERS]
        highest = [work(group, 2, at) for at in MEMBERS]
    expect(all(rank[0] == 2 for rank in ranks), f'rankings {ranks}')
    eventually(lambda: all(work(group, 2, at) < 40 for at in MEMBERS), 60, 'the fall of the measure after the load')
    return f'member 2 leads in all three pictures with {", ".join(f"{w:.0f}" for w in highest)} units/s, and falls when the load ends'


@row('A4', 'the measure reflects the load of the storage system and that of the server')
def storage_and_server(rig):
    group = rig.group('--volume', 'disk:48MiB:1MiB', '--durability', 'writeback')
    settled(group)
    quiet = loads(group)[1]['inputs']
    with rig.hosts(group, 4, 'cpu', volume='v', pattern='randread', depth=16, rate=20000):
        cpu = eventually(lambda: busier(group, 'server', 'cpu', quiet), 30, 'a higher CPU figure')
    with rig.hosts(group, 2, 'disk', volume='disk', pattern='randwrite', block='256KiB', depth=4, rate=2000):
        disk = eventually(lambda: busier(group, 'store', 'busy', quiet), 30, 'a busier store')
    seen = loads(group)[1]['measures']
    expect('pressure' in seen and 'client_load' in seen, 'no measures')
    return f"CPU {quiet['server']['cpu']:.2f} -> {cpu:.2f} by reads from memory, store busy {quiet['store']['busy']:.2f} -> {disk:.2f} by writes to disk"


def busier(group, part, figure, quiet):
    now = loads(group)[1]['inputs'][part][figure]
    return now if now > quiet[part][figure] + 0.03 else None


@row('A6', 'a member that serves a disproportionate share of the requests is found')
def disproportionate(rig):
    group = rig.group()
    settled(group)
    verdicts = []
    for rates, guilty in (((400, 50, 50), [1]), ((170, 165, 165), []), ((30, 0, 0), [])):
        hosts = [rig.hosts(group, 1, f'share{m}', member=m, rate=r, depth=8) for m, r in zip(MEMBERS, rates)]
        try:
            time.sleep(20)  # several half-lives of the averages: what is to be seen is that the verdict stays
            seen = loads(group)
            found = [m for m in MEMBERS if seen[m]['measures']['disproportionate']]
            shares = '/'.join(f"{100 * seen[m]['measures']['share']:.0f}" for m in MEMBERS)
        finally:
            for each in hosts:
                each.end()
        expect(found == guilty, f'at {rates} requests/s, shares {shares}, found {found}')
        verdicts.append(f'{shares}: {found or "none"}')
    return '; '.join(verdicts) + f" (threshold {100 * seen[1]['measures']['threshold']:.0f} %)"


@row('A10', 'network traffic, request load and the pattern of the traffic are watched')
def watched(rig):
    group = rig.group()
    settled(group)
    seen = []
    for pattern, name in (('read', 'sequential read'), ('write', 'sequential write'), ('randread', 'random read'),
                          ('randwrite', 'random write'), ('randrw', 'mixed')):
        with rig.hosts(group, 1, 'pattern', rate=200, pattern=pattern, depth=1):
            eventually(lambda: pattern_of(group) == name, 30, f'{pattern} classified as {name}')
        seen.append(name)
    eventually(lambda: pattern_of(group) in ('idle', None), 60, 'idle')
    with rig.hosts(group, 1, 'net', rate=200):
        member = eventually(lambda: busy_network(group), 20, 'network traffic and requests')
    return f"patterns {', '.join(seen)}, idle; {member['network']['hosts']['bytes_out'] / 1e3:.0f} kB/s out, {member['inputs']['local']['requests'] + member['inputs']['forwarded']['requests']:.0f} requests/s"


def pattern_of(group):
    return next((v['pattern'] for v in loads(group)[1].get('volumes', [])), None)


def busy_network(group):
    member = loads(group)[1]
    inputs = member['inputs']
    requests = inputs['local']['requests'] + inputs['forwarded']['requests']
    return member if requests > 100 and member['network']['hosts']['bytes_out'] > 1e5 else None


@row('B1.e', 'one measure of the load of the system, and one of the load of clients on each member')
def two_measures(rig):
    group = rig.group()
    settled(group)
    with rig.hosts(group, 1, 'first', member=3, rate=100):
        before = eventually(lambda: work(group, 3) > 60 and load(group), 20, 'the first client')
        with rig.hosts(group, 1, 'second', member=3, rate=200):
            after = eventually(lambda: work(group, 3) > 200 and load(group), 20, 'the second client')
    system = [picture['group']['system_load'] for picture in (before, after)]
    clients = [next(m for m in picture['members'] if m['member'] == 3)['measures']['client_load'] for picture in (before, after)]
    return f'client load of member 3 {clients[0]:.0f} -> {clients[1]:.0f}; system load {system[0]:.3f} -> {system[1]:.3f}'


@row('B14.d', 'the local load comes from the request handler, the other\'s by the link, and both give one measure')
def recomputed(rig):
    group = rig.group()
    settled(group)
    with rig.hosts(group, 1, 'one', member=1, rate=150), rig.hosts(group, 1, 'two', member=2, rate=300, depth=4):
        eventually(lambda: work(group, 2) > 200, 30, 'load on two members')
        picture = load(group)
    total = 0
    for member in picture['members']:
        inputs, measures, formulas = member['inputs'], member['measures'], picture['formulas']
        units = sum(inputs[kind]['requests'] + inputs[kind]['bytes'] / formulas['bytes_per_unit'] for kind in ('local', 'forwarded'))
        stretch = max(1, inputs['latency_s'] / formulas['carried_latency_s'])
        for name, value in (('work', units), ('stretch', stretch), ('client_load', units * stretch / inputs['weight'])):
            expect(abs(measures[name] - value) <= 1e-6 * max(1, value), f"member {member['member']}: {name} is {measures[name]}, computed {value}")
        total += measures['client_load'] * inputs['weight']
    for member in picture['members']:
        share = member['measures']['client_load'] * member['inputs']['weight'] / total
        expect(abs(member['measures']['share'] - share) < 1e-9, 'a share that its inputs do not give')
    return f'recomputed from the exported inputs, of {len(picture["members"])} members: equal'


same('A16', 'measuring covers storage system and server', 'A4')
same('A17', 'a step determines a disproportionate share', 'A6')
same('A20', 'network, request load and pattern are monitored', 'A10')
