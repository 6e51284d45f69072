"""What steps use to say what must be so."""

import time


class Failed(Exception):
    """A step did not do what it must; the text says what was seen."""


def expect(condition, text):
    if not condition:
        raise Failed(text)


def wait_until(condition, what, timeout=10, pause=0.1):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        expect(time.monotonic() < deadline, f"waited {timeout} s in vain for {what}")
        time.sleep(pause)
    return value
