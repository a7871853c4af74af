"""BullMQ for Python. Jobs that have ended are removed.

A job that a worker runs when it is killed is found after the stalled interval (30 s by default) and run again, once:
at least once, with a lock and a token that a late completion is checked against.
"""

import asyncio
import os
import platform
from importlib.metadata import version

import uvloop
from bullmq import Queue, Worker

from tally import JOB, Tally, arguments, moments, ready, stamped

OPTIONS = {"removeOnComplete": True, "removeOnFail": True}
tally = Tally()


def url() -> str:
    return f"unix://{os.environ['PEER_REDIS']}"


async def process(job, token) -> None:
    tally.note(job.data)


async def worker(concurrency: int) -> None:
    tally.open()
    worker = Worker("peers", process, {"connection": url(), "concurrency": concurrency, "autorun": False})
    worker.on("error", lambda error, *_: print(error, flush=True))
    running = asyncio.ensure_future(worker.run())
    ready()
    await running


async def fill(count: int) -> None:
    queue = Queue("peers", {"connection": url()})
    for start in range(0, count, 1000):
        many = min(1000, count - start)
        await queue.addBulk([{"name": "noop", "data": JOB, "opts": OPTIONS} for _ in range(many)])
    await queue.close()


async def pace(unstamped: int, count: int, rate: int) -> None:
    queue = Queue("peers", {"connection": url()})
    for number, pause in enumerate(moments(unstamped + count, rate)):
        await asyncio.sleep(pause)
        await queue.add("noop", JOB if number < unstamped else stamped(), OPTIONS)
    await queue.close()


def main() -> None:
    role, rest = arguments()
    if role == "version":
        versions = f"redis-py {version('redis')}, uvloop {version('uvloop')}, Python {platform.python_version()}"
        print(f"BullMQ for Python {version('bullmq')}, {versions}")
    elif role == "worker":
        uvloop.run(worker(int(rest[0])))
    elif role == "fill":
        uvloop.run(fill(int(rest[0])))
    elif role == "pace":
        uvloop.run(pace(*map(int, rest)))
    else:
        raise SystemExit(f"there is no {role}")


main()
