"""Prints what mean sessions of the flows ask for; a program of its own, as locust patches the library."""

from __future__ import annotations

from locustfiles.short_link import short_link  # isort: skip  # first: imports locust
from locustfiles.view import view  # isort: skip

import json
import random
import sys
from collections import Counter
from typing import Any

from tidegauge.engine.request import Request
from tidegauge.engine.session import Asset

SESSIONS = 20_000
BYTES = {"poster": 1000, "webp": 300_000, "preview_mp4": 200_000, "slack_gif": 500_000, "original": 2_000_000}


class Answer:
    """What the flows look at."""

    def __init__(self, path: str) -> None:
        self.headers = {"etag": '"e"', "location": "http://cdn/assets/a.gif"}
        self._path = path

    def json(self) -> dict[str, Any]:
        renditions = {
            name: {"url": f"http://cdn/{name}", "path": f"/x/a/{name}.x", "bytes": n}
            for name, n in BYTES.items()
        }
        return {"status": "ready", "renditions": renditions, "views": 0}


class Counting:
    """Stands for a session: counts what a flow would ask for."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.asset = self.draw_asset()
        self.counts: Counter[str] = Counter()

    def draw_asset(self) -> Asset:
        return Asset(rank=0, asset_id="a", short_code="s", renditions={})

    def send(self, request: Request) -> Answer:
        path, headers = request.target, request.headers
        self.counts["api" if path.startswith("/v1") else "cdn"] += 1
        if path.startswith("http://cdn/") and "If-None-Match" not in headers:
            name = path.rpartition("/")[2]
            name = "original" if name == "a.gif" else name
            whole = f"bytes=0-{BYTES[name] - 1}"
            first, _, last = headers.get("Range", whole).removeprefix("bytes=").partition("-")
            self.counts[f"body:{name}"] += int(last) - int(first) + 1
        return Answer(path)


def mean_session(run: Any) -> dict[str, float]:
    sums = Counter[str]()
    for seed in range(SESSIONS):
        session = Counting(seed)
        run(session)
        sums.update(session.counts)
    return {name: total / SESSIONS / BYTES.get(name.removeprefix("body:"), 1) for name, total in sums.items()}


sys.stdout.write(json.dumps({"view": mean_session(view), "short_link": mean_session(short_link)}))
