"""The register of claims: a row is a function that looks at a living group and says what it saw, with figures.

    @row('B7', 'a login is redirected')
    def redirected(rig):
        ...
        return 'status 0101 to 127.0.1.2:3261'

An AssertionError (expect) is FAIL, NotYet is NOT YET; whatever else goes wrong is FAIL, too.
"""


class NotYet(Exception):
    """This version does not do that; the text says what is missing."""


class Row:
    def __init__(self, name, claim, show, slow):
        self.name, self.claim, self.show, self.slow = name, claim, show, slow


ROWS = {}


def row(name, claim, slow=False):
    """slow: takes minutes; with --ci the function is told (rig.short) to take its short form."""
    def register(show):
        assert name not in ROWS, name
        ROWS[name] = Row(name, claim, show, slow)
        return show
    return register


def same(name, claim, other):
    """A row that demands what another one shows."""
    def show(rig):
        return f'as {other}: {rig.seen(other)}'
    ROWS[name] = Row(name, claim, show, False)


def expect(condition, text):
    if not condition:
        raise AssertionError(text)
