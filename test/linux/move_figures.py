"""What moves cost, from what the members log and what the host's own programs measured. Times are milliseconds of the
host machine's monotonic clock, which all of its processes share.
"""

import bisect
import dataclasses
import math
import re

FIELD = re.compile(r'(\w+)=("[^"]*"|\S+)')


@dataclasses.dataclass
class Login:
    """One connection, from its accept to the last Login Response."""
    outcome: str
    accepted: int
    answered: int
    own: float  # from each PDU of the host to the answer

    @property
    def of_host(self):
        return max(0.0, self.answered - self.accepted - self.own)


@dataclasses.dataclass
class Move:
    """One move: when each step was done, the logins that it led to, and what the host's program saw."""
    steps: dict
    logins: list
    pause: float                   # the longest that it was without an answer, around the move
    resumed: float | None = None   # when it had one again, where that is known
    slowest: float = 0             # the longest that one command took, until the next move

    @property
    def deciding(self):
        """The members write down where the session goes: before the host is told, or before its logout is answered."""
        return self.steps["told"] - self.steps["quiet"]

    def own(self, polite):
        """The members' part from when the host was told to when it was served."""
        return sum(login.own for login in self.logins) + (self.deciding if polite else 0)

    @property
    def of_host(self):
        return max(0.0, self.pause - self.deciding - self.own(polite=False))


class Answers:
    """Of all commands of a program: when each was answered, and how long it took."""

    def __init__(self, answers):
        self.answers = sorted(answers)
        self.times = [at for at, _ in self.answers]

    def silence(self, begin, end):
        """(length, end) of the longest time without an answer that reaches into the time between these two."""
        first, last = max(0, bisect.bisect_right(self.times, begin) - 1), bisect.bisect_right(self.times, end)
        pairs = zip(self.times[first:last], self.times[first + 1:last + 1])
        return max(((after - before, after) for before, after in pairs), default=(end - begin, end))

    def slowest(self, begin, end):
        first, last = bisect.bisect_left(self.times, begin), bisect.bisect_right(self.times, end)
        return max((took for _, took in self.answers[first:last]), default=0)


def fio_answers(lines, clock_ahead_ms):
    """From a log of fio: time of day in ms, nanoseconds that the command took, ..."""
    for line in lines:
        at, took, *_ = line.split(",")
        yield int(at) - clock_ahead_ms, int(took) / 1e6


def fields(line):
    return {key: value.strip('"') for key, value in FIELD.findall(line)}


def move_steps(lines):
    """session -> {step: ms}"""
    moves = {}
    for line in lines:
        found = re.search(r" move_(begun|placed|quiet|told|closed|arrived) session=", line)
        if found:
            told = fields(line)
            moves.setdefault(told["session"], {})[found[1]] = int(told["at_ms"])
    return moves


def logins_of(initiator, lines):
    """In the order in which they were accepted."""
    found = [fields(line) for line in lines if " login_over " in line]
    return sorted((Login(one["outcome"], int(one["accepted_ms"]), int(one["answered_ms"]), int(one["own_us"]) / 1000)
                   for one in found if one["initiator"] == initiator), key=lambda login: login.accepted)


def logins_between(logins, begin, end):
    return [login for login in logins if begin <= login.accepted < end]


def percentile(values, share):
    """The smallest value that at least `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


# ---- where the time goes

def step_times(move):
    """(what, milliseconds) in order. A move to the home portal's member has one login and no redirect."""
    steps = move.steps
    yield "members: a place is kept", steps["placed"] - steps["begun"]
    yield "commands end, or the host logs out", steps["quiet"] - steps["placed"]
    yield "members: its record says where it goes", steps["told"] - steps["quiet"]
    came = steps["told"]
    for login in move.logins:
        there = "home" if login.outcome == "redirected" else "destination"
        yield f"host: connects to its {there}", login.accepted - came
        yield f"host: login at its {there}", login.of_host
        yield f"members: login at its {there}", login.own
        came = login.answered
    if move.resumed is not None:
        yield "host: its first answered command", move.resumed - came


def step_table(moves):
    """[(what, median, maximum)], in the order of the move with most steps."""
    times = {}
    for move in sorted(moves, key=lambda move: -len(move.logins)):
        for what, ms in step_times(move):
            times.setdefault(what, []).append(ms)
    return [(what, percentile(ms, 0.5), max(ms)) for what, ms in times.items()]
