"""Moves ordered again and again while a host works, and their figures from the members' logs."""

import dataclasses
import math
import time

from checks import Failed, expect
from move_figures import Move, logins_between, logins_of, move_steps, percentile

SETTLED_S = 1.0  # after a session has been served, nothing of its move is outstanding


@dataclasses.dataclass
class Row:
    """One row of the table: `count` moves of one host, `apart_s` from order to order."""
    host: str
    how: str  # close, logout or polite
    count: int
    apart_s: float
    moves: list = dataclasses.field(default_factory=list)
    errors: list = dataclasses.field(default_factory=list)

    @property
    def polite(self):
        return self.how == "polite"

    def pauses(self):
        return [move.pause for move in self.moves]

    def own(self):
        return [move.own(self.polite) for move in self.moves]


@dataclasses.dataclass
class Order:
    begin: float
    end: float  # when the next one was given
    session: str


def order_moves(group, row, check_load):
    """One after the other, round the members; what fails is an error of the row."""
    orders, due = [], time.monotonic()
    for _ in range(row.count):
        check_load()
        begin, due = time.monotonic(), due + row.apart_s
        try:
            session = order_move(group, row.how)
        except Failed as failure:
            row.errors.append(str(failure))
            session = None
        due = max(due, time.monotonic() + SETTLED_S)
        time.sleep(due - time.monotonic())
        if session:
            orders.append(Order(begin * 1000, time.monotonic() * 1000, session))
    return orders


def order_move(group, how):
    """To the next member round the group; the session's name."""
    sessions = group.sessions()
    expect(len(sessions) == 1, f"expected one session, the group has {sessions}")
    (member, session), = sessions
    answer = group.move(session, member % len(group.members) + 1, how)
    expect(answer["to"] == member % len(group.members) + 1, f"session {session} came to member {answer['to']}")
    return session


def add_figures(row, orders, logs, initiator, host):
    """`host` tells what its program saw: pause(order, when it was settled) -> (ms, when that was over), slowest(order) -> ms."""
    steps, logins = move_steps(logs), logins_of(initiator, logs)
    for order in orders:
        of_move = logins_between(logins, order.begin, order.end)
        if not of_move or of_move[-1].outcome != "served":
            row.errors.append(f"session {order.session}: the logs have no login that was served after it moved")
            continue
        pause, resumed = host.pause(order, of_move[-1].answered + SETTLED_S * 1000)
        row.moves.append(Move(steps[order.session], of_move, pause, resumed, host.slowest(order)))


# ---- the table

HEAD = ("host", "way", "moves", "pause: median", "p99", "maximum", "slowest command", "own part: median", "p99", "maximum",
        "host's part: median", "errors")


def cells(row):
    of_host = percentile([move.of_host for move in row.moves], 0.5)
    slowest = max((move.slowest for move in row.moves), default=math.nan)
    return [row.host, row.how, str(len(row.moves)), *map(seconds, summary(row.pauses())), seconds(slowest),
            *(f"{ms:.1f} ms" for ms in summary(row.own())), seconds(of_host), str(len(row.errors))]


def summary(values):
    return percentile(values, 0.5), percentile(values, 0.99), max(values, default=math.nan)


def seconds(ms):
    return f"{ms / 1000:.2f} s"


def table(head, lines):
    """As Markdown."""
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])
