"""Requests of a made-up run, and the writer that stores and counts them, without a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.support.run_records import run_record
from tidegauge.engine.writer import Writer
from tidegauge.plan import load_plan
from tidegauge.records import Outcome, Sample, SessionEnd
from tidegauge.stack import Behaviour, Stack
from tidegauge.store import RunFolder

ENDPOINTS = {"view": ("GET /a/{asset_id}", "GET /b"), "short_link": ("GET /v1/s/{short_code}",)}
CAUSES = (None,) * 16 + ("status", "timeout", "reset", "cut")
OBJECTIVES = """
[objectives.total]
p90_ms = 20
error_ratio = 0.2
[objectives."GET /b"]
p50_ms = 5
[objectives."flow:view"]
p99_ms = 100
[objectives."session:short_link"]
p90_ms = 300
"""
PATHS = ("/assets/1.gif", "/assets/2.mp4", "/api/x", "/")


def made_up(seed: int, sessions: int, end_s: float) -> list[list[Sample]]:
    """Sessions of one to three requests, that arrive evenly up to `end_s`; a failed one is the last."""
    rng = np.random.default_rng(seed)
    found = []
    for index in range(sessions):
        flow = ("view", "short_link")[int(rng.random() < 0.3)]
        rows: list[Sample] = []
        due_s = (index + 1) * end_s / sessions
        for step in range(int(rng.integers(1, 4))):
            cause = CAUSES[int(rng.integers(len(CAUSES)))]
            row = request(rng, index, step, flow, due_s, cause)
            pause_s = float(rng.exponential(0.1)) if rng.random() < 0.5 else 0.0
            rows.append(row._replace(scheduled=not step or due_s != rows[-1].done_s))
            due_s = row.done_s + pause_s
            if cause:
                break
        found.append(rows)
    return found


def request(
    rng: np.random.Generator, session: int, step: int, flow: str, due_s: float, cause: str | None
) -> Sample:
    """One request, as a client might have seen it."""
    sent_s = due_s + float(rng.exponential(0.0004))
    done_s = sent_s + float(rng.lognormal(-5, 1))
    answered = cause in (None, "status")
    endpoints = ENDPOINTS[flow]
    return Sample(
        intended_s=due_s, sent_s=sent_s, first_byte_s=done_s if answered else None, done_s=done_s,
        connect_s=None if step else 0.0002, tls_s=None, process=session % 2, session=session, step=step,
        flow=flow, endpoint=endpoints[step % len(endpoints)],
        status={None: 200, "status": 500}.get(cause, 0), cause=cause, sent_bytes=step * 10,
        received_bytes=int(rng.integers(0, 10**6)),
        cache=("hit", "miss", "refresh_hit", "none", "error")[int(rng.integers(5))] if answered else None,
        age_s=None, pop=("FRA56-P1", "AMS1-C1", None)[int(rng.integers(3))] if answered else None,
        request_id=None, url_path=PATHS[int(rng.integers(len(PATHS)))],
        base=("cdn", "api", "other")[int(rng.integers(3))],
    )  # fmt: skip


def write(folder: RunFolder, sessions: Sequence[Sequence[Sample]], parts: int = 3) -> None:
    """Stores the sessions as the writers of two processes would, each in so many files."""
    for process in (0, 1):
        writer = Writer(folder, process, live=False)
        own = [rows for rows in sessions if rows[0].process == process]
        for chosen in np.array_split(np.arange(len(own)), parts):
            mine = [own[number] for number in chosen]
            samples = [row for rows in mine for row in rows]
            writer.take("samples", list(zip(*samples, strict=True)))
            ends = [
                SessionEnd(
                    arrival=rows[0].session,
                    flow=rows[0].flow,
                    intended_s=rows[0].intended_s,
                    done_s=max(row.done_s for row in rows),
                    failed=any(row.cause for row in rows),
                    requests=len(rows),
                    answered=all(row.status for row in rows),
                    lag_s=sum(row.sent_s - row.intended_s for row in rows if row.scheduled),
                    cut=rows[-1].cause == "cut",
                )
                for rows in mine
            ]
            writer.take("sessions", list(zip(*ends, strict=True)))
            outcomes = [Outcome(rows[0].session, process, True, None) for rows in mine]
            writer.take("outcomes", list(zip(*outcomes, strict=True)))
            writer.close_files()


def run_folder(
    path: Path, samples: str, *, sessions: int, end_s: float, warmup_s: float = 0.0, head: str = ""
) -> RunFolder:
    """The folder of a run of two flows, two processes and uniform arrivals, as its command leaves it."""
    plan_file = path / "plan.toml"
    path.mkdir(parents=True, exist_ok=True)
    flows = "".join(
        f'[[flow]]\nname = "{flow}"\n'
        + "".join(f'[[flow.step]]\npath = "{name.partition(" ")[2]}"\n' for name in names)
        for flow, names in ENDPOINTS.items()
    )
    plan_file.write_text(
        f'samples = "{samples}"\nwarmup_s = {warmup_s}\n{head}\n'
        f'[[arrivals]]\nshape = "constant"\nprocess = "uniform"\n'
        f"rate_per_s = {sessions / end_s}\nduration_s = {end_s}\n"
        f"[mix]\nview = 0.7\nshort_link = 0.3\n{flows}{OBJECTIVES}",
        encoding="utf-8",
    )
    plan = load_plan(plan_file)
    stack = Stack(
        name="made-up",
        api_url="http://127.0.0.1:9",
        allowed_hosts=("127.0.0.1",),
        behaviour=(
            Behaviour(path_pattern="/api/*", ttl_s=0),
            Behaviour(path_pattern="/assets/*.gif", ttl_s=60),
            Behaviour(path_pattern="/*", ttl_s=60),
        ),
    )
    folder = RunFolder(path / "run")
    folder.path.mkdir()
    endpoints = tuple((flow, name) for flow, names in ENDPOINTS.items() for name in names)
    folder.write_run(run_record(plan, stack, processes=2, assets=9, endpoints=endpoints))
    return folder
