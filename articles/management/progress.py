"""How far a long command has come, for whoever waits for it."""

import time

SECONDS_BETWEEN_LINES = 3


class Progress:
    """progress(done) writes a line, unless the last one is a moment old or nothing may be said.

    As a command's own option has it, verbosity 0 says nothing, and 2 says all of it.
    """

    def __init__(self, stdout, verbosity):
        self._stdout, self._verbosity = stdout, verbosity
        self._said_at = time.monotonic()

    def __call__(self, done):
        now = time.monotonic()
        if self._verbosity > 1 or (
            self._verbosity and now - self._said_at >= SECONDS_BETWEEN_LINES
        ):
            self._said_at = now
            self._stdout.write(f"{done} …")
            self._stdout.flush()
