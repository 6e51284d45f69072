"""What the rows share: a group that lives as long as rows ask for it, and what was seen."""
from hosts import Hosts
from support import Group, eventually

MEMBERS = (1, 2, 3)


class Rig:
    def __init__(self, short):
        self.short = short   # --ci
        self.seen_rows = {}  # row -> what it showed
        self.groups = {}

    def seen(self, row):
        if row not in self.seen_rows:
            raise AssertionError(f'row {row} has not passed')
        return self.seen_rows[row]

    def group(self, *words, members=3):
        """One group for each set of words; the volume "v" has 48 pages of 1 MiB."""
        key = (members, words)
        if key not in self.groups:
            for other in list(self.groups):
                self.groups.pop(other).down()  # one at a time: the machine is small
            self.groups[key] = Group('--volume', 'v:48MiB:1MiB', '--durability', 'memory', '--allow-faults', *words, members=members)
        return self.groups[key]

    def close(self):
        for group in self.groups.values():
            group.down()
        self.groups = {}

    def hosts(self, group, count, name, member=1, port=3261, volume='v', **more):
        return Hosts(group.url(member, volume, port), count, name, **more)


def load(group, member=1):
    return group.ctl(member, 'load')


def loads(group, member=1):
    """member -> what the picture of `member` says of it"""
    return {each['member']: each for each in load(group, member)['members']}


def work(group, of, at=1):
    return loads(group, at)[of].get('measures', {}).get('work', 0)


def settled(group, periods=1):
    """Until every member hears every other, little is left of the load of earlier rows, and so many periods have ended
    since: decisions go by what they showed. After three a login of before is reported, or is not expected any more."""
    eventually(lambda: all(each['heard'] for m in MEMBERS for each in load(group, m)['members']), 15, 'members that hear each other')
    eventually(lambda: sum(work(group, m) for m in MEMBERS) < 20, 60, 'little left of the load of earlier rows')
    told = lambda: [each['sequence'] for m in MEMBERS for each in load(group, m)['members']]
    then = told()
    eventually(lambda: all(now >= before + periods for now, before in zip(told(), then)), 15, f'the end of {periods} periods')
