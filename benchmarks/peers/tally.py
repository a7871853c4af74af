"""What the worker processes and producers of the Python peers share: see "Side by side" in benchmarks/README.md."""

import os
import signal
import sys
import threading
import time

JOB = {"id": 1000000, "name": "abcdefghijklmnopqrstuvwx", "ok": True}
"""60 bytes as JSON without spaces."""


def stamped() -> dict:
    """The same, of 60 bytes too, with the moment of its making in microseconds of wall time."""
    return {"sent": time.time_ns() // 1000, "name": "abcdefghijklmnopqrstuvw"}


class Tally:
    """Counts the jobs of this process, and writes the counts to files of its own ten times a second.

    `tally-PID`: first start and last start in microseconds of wall time, number of jobs.
    `starts-PID`: a line for each job that carried the moment of its enqueue, microseconds from there to its start;
    written when no job has come for a moment, so that the writing is in no measurement.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.first = 0
        self.last = 0
        self.count = 0
        self.starts: list[int] = []

    def note(self, job: dict) -> None:
        """The first line of every handler."""
        now = time.time_ns() // 1000
        with self.lock:
            if self.count == 0:
                self.first = now
            self.last = now
            self.count += 1
            if "sent" in job:
                self.starts.append(now - job["sent"])

    def open(self) -> None:
        """Called once in each process that runs handlers, before the first of them."""
        threading.Thread(target=self._write, daemon=True).start()

    def _write(self) -> None:
        directory = os.environ["PEER_TALLY"]
        with (
            open(f"{directory}/tally-{os.getpid()}", "wb", buffering=0) as tally,
            open(f"{directory}/starts-{os.getpid()}", "w") as starts,
        ):
            written = 0
            while True:
                time.sleep(0.1)
                with self.lock:
                    line = f"{self.first:020} {self.last:020} {self.count:020}\n".encode()
                    isIdle = self.count == written
                    written = self.count
                    noted = self.starts if isIdle else []
                    if isIdle:
                        self.starts = []
                if not isIdle:
                    os.pwrite(tally.fileno(), line, 0)
                elif noted:
                    starts.write("".join(f"{start}\n" for start in noted))
                    starts.flush()


def ready() -> None:
    """Called by a worker process that waits for jobs now. It ends with the benchmark, whose end ends standard input."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    open(f"{os.environ['PEER_TALLY']}/ready-{os.getpid()}", "w").close()


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def moments(count: int, rate: int):
    """Tells how long to sleep before each of so many jobs, if they are to come at a steady rate."""
    start = time.monotonic()
    for number in range(count):
        yield max(0.0, start + number / rate - time.monotonic())


def arguments() -> tuple[str, list[str]]:
    """`version`, `fill JOBS`, `pace UNSTAMPED STAMPED RATE` or `worker SETTING`."""
    return sys.argv[1], sys.argv[2:]
