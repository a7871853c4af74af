"""arq. Results are not kept.

A job that a worker runs when it is killed stays in the queue behind a key that expires ten seconds after the job's
time-out (300 s by default), and is then run again: at least once, without fencing.
"""

import asyncio
import logging
import os
import platform
from importlib.metadata import version

import uvloop
from arq import Worker, create_pool
from arq.connections import RedisSettings

from tally import JOB, Tally, arguments, moments, ready, stamped

tally = Tally()


async def noop(context: dict, job: dict) -> None:
    tally.note(job)


def settings() -> RedisSettings:
    return RedisSettings(unix_socket_path=os.environ["PEER_REDIS"])


def worker(setting: str) -> None:
    """`JOBS-MILLISECONDS`: how many run at once, and how often the queue is looked at."""
    jobs, milliseconds = map(int, setting.split("-"))
    logging.disable(logging.INFO)

    async def started(context: dict) -> None:
        tally.open()
        ready()

    asyncio.set_event_loop(uvloop.new_event_loop())
    Worker(
        [noop],
        redis_settings=settings(),
        max_jobs=jobs,
        poll_delay=milliseconds / 1000,
        keep_result=0,
        log_results=False,
        on_startup=started,
    ).run()


async def fill(count: int) -> None:
    """There is no call for many at once: 32 at a time, each by a connection of its own."""
    pool = await create_pool(settings())
    rest = iter(range(count))

    async def some() -> None:
        for _ in rest:
            await pool.enqueue_job("noop", JOB)

    await asyncio.gather(*(some() for _ in range(32)))
    await pool.aclose()


async def pace(unstamped: int, count: int, rate: int) -> None:
    pool = await create_pool(settings())
    for number, pause in enumerate(moments(unstamped + count, rate)):
        await asyncio.sleep(pause)
        await pool.enqueue_job("noop", JOB if number < unstamped else stamped())
    await pool.aclose()


def main() -> None:
    role, rest = arguments()
    if role == "version":
        versions = f"redis-py {version('redis')}, uvloop {version('uvloop')}, Python {platform.python_version()}"
        print(f"arq {version('arq')}, {versions}")
    elif role == "worker":
        worker(rest[0])
    elif role == "fill":
        uvloop.run(fill(int(rest[0])))
    elif role == "pace":
        uvloop.run(pace(*map(int, rest)))
    else:
        raise SystemExit(f"there is no {role}")


main()
