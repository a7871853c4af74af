"""Celery. Its settings are those of its own guide to optimising, and what is not needed here is switched off.

The early acknowledgement is the default: a task that a worker runs when it is killed is lost; those that it has only
fetched come back after the visibility time-out, an hour. (`task_acks_late` would keep both, and make duplicates.)
"""

import os
import platform
import time
from importlib.metadata import version

from celery import Celery, signals

from tally import JOB, Tally, arguments, moments, ready, stamped

app = Celery("peer", broker=f"redis+socket://{os.environ.get('PEER_REDIS', '/nowhere')}")
app.conf.update(
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_store_errors_even_if_ignored=False,
    worker_send_task_events=False,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)
tally = Tally()


@app.task(name="noop")
def noop(job: dict) -> None:
    tally.note(job)


def worker(setting: str) -> None:
    """`POOL-CONCURRENCY-PREFETCH`: the pool, its size, and how many messages are fetched ahead for each of it."""
    pool, concurrency, prefetch = setting.split("-")
    if pool == "prefork":
        signals.worker_process_init.connect(lambda **_: tally.open(), weak=False)
    else:
        tally.open()
    signals.worker_ready.connect(lambda **_: ready(), weak=False)
    app.worker_main(
        ["worker", "--pool", pool, "--concurrency", concurrency, "--prefetch-multiplier", prefetch, "--loglevel"]
        + ["ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat", "--hostname", f"{os.getpid()}@here"]
    )


def main() -> None:
    role, rest = arguments()
    if role == "version":
        print(f"Celery {version('celery')}, redis-py {version('redis')}, Python {platform.python_version()}")
    elif role == "worker":
        worker(rest[0])
    else:
        # There is no call for many at once. One connection, and the signature made once.
        with app.producer_pool.acquire(block=True) as producer:
            if role == "fill":
                for _ in range(int(rest[0])):
                    noop.apply_async((JOB,), producer=producer)
            elif role == "pace":
                unstamped, count, rate = map(int, rest)
                for number, pause in enumerate(moments(unstamped + count, rate)):
                    time.sleep(pause)
                    noop.apply_async((JOB if number < unstamped else stamped(),), producer=producer)


main()
