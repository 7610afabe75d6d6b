"""What only a local stack can tell beside the client: its own counters, parts and edge log."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tidegauge.analysis.edge_check import CLIENT_COLUMNS, cross_check, parse_edge_log
from tidegauge.conduct.supervisor import ask_supervisor
from tidegauge.run_record import CacheState, Part
from tidegauge.stack import Stack
from tidegauge.store import RunFolder
from tidegauge.stored import document_of

SETTLE_S = 20.0  # the longest wait for queued work to be counted
QUIET_S = 3.5  # clicks wait 2 s in the API, and counters are written once a second: then all is counted
IDLE_POLL = "idle-poll"  # the stack's route of receives that brought nothing: consumers go on asking for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The stack's counters before a run, and where its edge log stood."""

    usage: Mapping[str, Any]
    read_unix_s: float  # when
    parts: tuple[Part, ...]
    cache_state: CacheState
    edge_log_bytes: int | None
    notes: list[str] = field(default_factory=list)


def snapshot(stack: Stack) -> Snapshot | None:
    """The counters now; None for a stack that is not local."""
    if stack.local is None or stack.local.control_url is None:
        return None
    log = Path(stack.local.edge_log) if stack.local.edge_log else None
    return Snapshot(
        usage=ask_supervisor(stack.local.control_url, "/usage"),
        read_unix_s=time.time(),
        parts=tuple(
            Part(name=part["name"], version=part["version"])
            for part in ask_supervisor(stack.local.control_url, "/status")["parts"]
        ),
        cache_state=_cache_state(log),
        edge_log_bytes=log.stat().st_size if log is not None and log.exists() else None,
    )


def collect(folder: RunFolder, stack: Stack, before: Snapshot, started_at_s: float) -> None:
    """Stores what the stack counted during the run, and the edge log held against the client's rows."""
    assert stack.local is not None
    assert stack.local.control_url is not None
    after, settled = _settled_usage(stack.local.control_url)
    read = {"before_unix_s": before.read_unix_s, "after_unix_s": time.time()}
    folder.write_json(folder.stack_usage_json, {"before": before.usage, "after": after, **read})
    if not settled:
        run = folder.read_run()
        note = f"{SETTLE_S:g} s after the run the stack still worked on what it caused: usage lacks the rest."
        folder.write_run(replace(run, notes=(*run.notes, note)))
    if stack.local.edge_log is None or before.edge_log_bytes is None:
        return
    if folder.read_run().plan.samples != "all":
        return  # request by request needs every request
    with Path(stack.local.edge_log).open("rb") as log:
        log.seek(before.edge_log_bytes)
        parsed = parse_edge_log(log.read().decode("utf-8", errors="replace").splitlines())
    samples = folder.read_rows("samples", CLIENT_COLUMNS)[0].to_pandas()
    check = cross_check(
        samples, parsed, started_at_s=started_at_s, ended_at_s=time.time(), behaviours=stack.behaviour
    )
    folder.write_json(folder.edge_json, document_of(check))


def _settled_usage(control_url: str) -> tuple[Any, bool]:
    """The counters once queued work is done: unchanged for a while; and whether they came to that in time."""
    deadline = time.monotonic() + SETTLE_S
    latest, since = ask_supervisor(control_url, "/usage"), time.monotonic()
    while time.monotonic() < deadline:
        time.sleep(0.25)
        now = ask_supervisor(control_url, "/usage")
        if _work(now) != _work(latest):
            latest, since = now, time.monotonic()
        elif time.monotonic() - since >= QUIET_S:
            return now, True
    return ask_supervisor(control_url, "/usage"), False


def _work(usage: Mapping[str, Any]) -> list[Any]:
    """The counters of work."""
    return [row for row in usage.get("counters", []) if row["route"] != IDLE_POLL]


def _cache_state(log: Path | None) -> CacheState:
    """`cold` when the edge has served nothing cacheable yet, `warm` when it has."""
    if log is None or not log.exists():
        return "unknown"
    with log.open("rb") as lines:
        for line in lines:
            try:
                if json.loads(line).get("cache"):
                    return "warm"
            except ValueError:
                continue
    return "cold"
