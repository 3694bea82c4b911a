"""Servers that fork before they work, and greenlets."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
from topology_table import program

import agentglass

HERE = Path(__file__).parent


@contextlib.contextmanager
def running(*command):
    """Keep a server running for a while; whatever it says goes into a file."""
    log = Path(os.environ["AGENTGLASS_HOME"]) / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as said:
        server = subprocess.Popen(
            [sys.executable, "-m", *command], stdout=said, stderr=subprocess.STDOUT, cwd=HERE
        )
        try:
            yield log
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def wait_for(log, text):
    """Wait until a server has said something."""
    for _ in range(600):
        if text in log.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


@program(
    """
    run workflow ok
      task 0 span ok
        inner span ok
      task 1 span ok
        inner span ok
      task 2 span ok
        inner span ok
      task 3 span ok
        inner span ok
      task 4 span ok
        inner span ok
    """,
    is_script=True,
)
def celery_with_a_process_per_task():
    """With `max_tasks_per_child=1` every task is the first and the last of its process."""
    from celery_for_topology import work

    options = ("--pool=prefork", "--concurrency=2", "--max-tasks-per-child=1")
    with running("celery", "-A", "celery_for_topology", "worker", *options):
        with agentglass.trace("run"):
            headers = agentglass.inject({})
            sent = [work.apply_async((number,), headers=headers) for number in range(5)]
            for result in sent:
                result.get(timeout=30, interval=0.05)


@program(
    """
    run workflow ok
      serve /0 workflow ok
      serve /1 workflow ok
      serve /2 workflow ok
      serve /3 workflow ok
    start workflow ok
    """,
    is_script=True,
)
def gunicorn_with_forked_workers():
    """An application that was loaded, and has recorded, before its workers were forked."""
    options = ("--preload", "--workers=2", "--bind=127.0.0.1:0", "--log-level=info")
    with running("gunicorn", "gunicorn_for_topology:app", *options) as log:
        wait_for(log, "Listening at: ")
        url = log.read_text().partition("Listening at: ")[2].split()[0]
        with agentglass.trace("run"):
            for number in range(4):
                httpx.get(f"{url}/{number}", headers=agentglass.inject({})).raise_for_status()


@program(
    """
    run workflow ok
      bound span ok
        bound inner span ok
      pool span ok
        pool inner span ok
    unbound span ok
      unbound inner span ok
    """,
    is_script=True,
)
def gevent_greenlets():
    """Each greenlet has a context of its own; like a thread it begins with an empty one."""
    from gevent import monkey

    monkey.patch_all()
    import gevent
    from gevent.pool import Pool

    def step(name):
        with agentglass.span(name):
            gevent.sleep(0.001)
            with agentglass.span(f"{name} inner"):
                gevent.sleep(0.001)

    with agentglass.trace("run"):
        bound = agentglass.propagate(step)
        gevent.joinall([gevent.spawn(bound, "bound"), gevent.spawn(step, "unbound")])
        Pool(1).map(bound, ["pool"])
