"""Load on a server by wrk, and what that cost."""

import json
import random
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 8
PATIENCE = 20
_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class Sample:
    """What one round of load on one target came to. Times in milliseconds."""

    rate: float
    p50: float
    p99: float
    cpu_micros: float
    # Answers that were errors, and requests without an answer.
    refused: int
    failed: int


class Wrk:
    """Readers who ask for some paths without pause, until they are waited for."""

    def __init__(self, server, paths, seconds, *, headers=None, connections=CONNECTIONS):
        self.server, self.connections = server, connections
        self._folder = tempfile.TemporaryDirectory(prefix="wrk-")
        asked_for = Path(self._folder.name) / "paths"
        # In another order each time, so that no page is always the one that waits for the disk.
        asked_for.write_text("\n".join(random.sample(paths, len(paths))))
        headers = {"Accept-Encoding": "gzip"} | (headers or {})
        command = [
            "wrk", "--threads", "1", "--connections", str(connections),
            "--duration", f"{seconds}s", "--timeout", "20s",
            *(part for item in headers.items() for part in ("--header", ": ".join(item))),
            "--script", str(_SCRIPT), f"http://127.0.0.1:{server.port}", "--", str(asked_for),
        ]  # fmt: skip
        self._before, self._started = _settled(server), time.monotonic()
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def wait(self):
        """The Sample of it."""
        output, _none = self._process.communicate()
        cpu = _settled(self.server) - self._before
        cpu -= self.server.idle * (time.monotonic() - self._started)
        self._folder.cleanup()
        if self._process.returncode:
            raise SystemExit(f"wrk failed: {output}")
        found = json.loads(output.strip().rpartition("\n")[2])
        return Sample(
            rate=found["requests"] / found["seconds"],
            p50=found["p50"],
            p99=found["p99"],
            # What was under way when time was up is carried out all the same.
            cpu_micros=1e6 * max(0, cpu) / (found["requests"] + self.connections),
            refused=found["refused"],
            failed=found["failed"],
        )


def _settled(server):
    """What the server has used of the processor, once it has done what it still had to do."""
    deadline = time.monotonic() + PATIENCE
    before = server.cpu_seconds()
    while time.monotonic() < deadline:
        time.sleep(0.2)
        now = server.cpu_seconds()
        if now - before <= 0.02 + 0.2 * server.idle:
            return now
        before = now
    return before
