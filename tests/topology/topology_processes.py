"""Processes: forked, spawned, started with headers or an environment."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
from topology_table import program

import agentglass


def step(name, headers=()):
    with agentglass.extract(headers), agentglass.span(name):
        pass


def fork(work):
    """Run `work` in a forked child that leaves like most forked workers do; wait for it."""
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    os.waitpid(pid, 0)


@program(
    """
    run workflow ok
      around span ok
        in the child span ok
          below span ok
      in the parent span ok
    """,
    is_script=True,
)
def a_forked_child():
    """What a forked child records stands below the span that was open when it was forked."""

    def work():
        with agentglass.span("in the child"), agentglass.span("below"):
            pass

    with agentglass.trace("run"):
        with agentglass.span("around"):
            fork(work)
        with agentglass.span("in the parent"):
            pass


@program(
    """
    run workflow ok
      around span ok
        in the child span ok
    """,
    is_script=True,
)
def a_forked_child_that_leaves_the_blocks_of_its_parent():
    """A child that runs to the end of its parent's `with` ends none of its parent's spans."""
    with agentglass.trace("run") as run:
        with agentglass.span("around"):
            pid = os.fork()
            if pid == 0:
                with agentglass.span("in the child"):
                    pass
            else:
                os.waitpid(pid, 0)
        if pid == 0:
            run.set_attribute("from", "the child")
    if pid == 0:
        os._exit(0)


@program(
    """
    child workflow ok
      step span ok
    parent workflow ok
    """,
    is_script=True,
)
def a_child_forked_between_runs():
    """A child that was forked outside of any span begins traces of its own."""

    def work():
        with agentglass.trace("child"), agentglass.span("step"):
            pass

    with agentglass.trace("parent"):
        pass
    fork(work)


@program(
    """
    run workflow ok
      child span ok
        grandchild span ok
    """,
    is_script=True,
)
def a_grandchild():
    """A forked child may fork again."""

    def work():
        with agentglass.span("child"):
            fork(lambda: step("grandchild"))

    with agentglass.trace("run"):
        fork(work)


@program(
    """
    run workflow ok
      child 0 span ok
      child 1 span ok
      child 2 span ok
      child 3 span ok
    """,
    is_script=True,
)
def a_fork_while_other_threads_record():
    """Locks that other threads hold at the fork do not hang the child."""
    is_over = threading.Event()
    noise = agentglass.Recorder(home=os.environ["AGENTGLASS_HOME"] + "/noise")
    thread = threading.Thread(target=busy_with, args=(noise, is_over))
    thread.start()
    with agentglass.trace("run"):
        for number in range(4):
            fork(lambda number=number: step(f"child {number}"))
    is_over.set()
    thread.join()


def busy_with(recorder, is_over):
    """Record as fast as it goes, into another store."""
    while not is_over.is_set():
        with agentglass.trace("noise", recorder=recorder), agentglass.span("inner"):
            time.sleep(0.001)


@program(
    """
    run workflow ok
      task span ok
      task span ok
      task span ok
    """,
    is_script=True,
)
def a_forked_multiprocessing_pool():
    """Workers of a forked pool know the span that the pool was made in."""
    with agentglass.trace("run"), multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(step, ["task"] * 3)
        pool.close()
        pool.join()


@program(
    """
    run workflow ok
      task 0 span ok
      task 1 span ok
    """,
    is_script=True,
)
def a_spawned_process_pool():
    """Spawned workers inherit nothing: the parent's name goes along with the task."""
    context = multiprocessing.get_context("spawn")
    with agentglass.trace("run"), ProcessPoolExecutor(2, mp_context=context) as pool:
        headers = agentglass.inject({})
        tasks = [pool.submit(step, f"task {number}", headers) for number in range(2)]
        for task in tasks:
            task.result()


@program(
    """
    run workflow ok
      start tool ok
        main workflow ok
          work span ok
    """,
    is_script=True,
)
def a_subprocess_with_an_environment():
    """A subprocess finds the span of its parent in TRACEPARENT."""
    code = """
import agentglass, os
with agentglass.extract(os.environ), agentglass.trace("main"), agentglass.span("work"):
    pass
"""
    with agentglass.trace("run"), agentglass.span("start", type="tool"):
        environment = agentglass.inject(os.environ.copy())
        assert "TRACEPARENT" in environment
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)


class Handler(BaseHTTPRequestHandler):
    """Records each request below the span of who sent it."""

    def do_GET(self):
        with agentglass.extract(self.headers), agentglass.trace(f"serve {self.path}"):
            self.send_response(200)
            self.end_headers()

    def log_message(self, *_):
        """Keep quiet."""


def serve(connection):
    """Serve requests in a process of its own until the other side hangs up."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        connection.send(server.server_port)
        connection.recv()
        server.shutdown()
        thread.join()
    agentglass.flush()


@program(
    """
    run workflow ok
      httpx span ok
        serve /httpx workflow ok
      urllib span ok
        serve /urllib workflow ok
    serve /nobody workflow ok
    """,
    is_script=True,
)
def a_request_over_http():
    """A server in another process joins the trace of its client; without headers it begins one."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    with agentglass.trace("run"):
        with agentglass.span("httpx"):
            httpx.get(f"{url}/httpx", headers=agentglass.inject(httpx.Headers()))
        with agentglass.span("urllib"):
            request = urllib.request.Request(f"{url}/urllib", headers=agentglass.inject({}))
            urllib.request.urlopen(request).close()
    httpx.get(f"{url}/nobody")
    ours.send("stop")
    server.join()
