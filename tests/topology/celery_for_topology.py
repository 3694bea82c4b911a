"""A Celery application whose broker is a directory."""

import os
from pathlib import Path

from celery import Celery

import agentglass

BROKER = Path(os.environ["AGENTGLASS_HOME"]) / "celery"
for folder in ("queue", "control", "results"):
    (BROKER / folder).mkdir(parents=True, exist_ok=True)

app = Celery("topology", broker="filesystem://", backend=f"file://{BROKER / 'results'}")
app.conf.update(
    broker_transport_options={
        "data_folder_in": str(BROKER / "queue"),
        "data_folder_out": str(BROKER / "queue"),
        "control_folder": str(BROKER / "control"),
        "polling_interval": 0.05,
    },
    worker_prefetch_multiplier=1,
)


@app.task(bind=True)
def work(self, number):
    """Record two spans below the one that the message names."""
    with agentglass.extract(self.request.headers or {}), agentglass.span(f"task {number}"):
        with agentglass.span("inner"):
            return number
