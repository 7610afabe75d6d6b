"""What only a local stack can tell beside the client: its own counters, parts and edge log."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from tidegauge.analysis.edge_check import CLIENT_COLUMNS, cross_check, parse_edge_log
from tidegauge.errors import TidegaugeError
from tidegauge.stack import Stack
from tidegauge.store import RunFolder

SETTLE_S = 20.0  # the longest wait for queued work to be counted
QUIET_S = 2.5  # counters are written once a second: unchanged for this long means done


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The stack's counters before a run, and where its edge log stood."""

    usage: Mapping[str, Any]
    parts: list[dict[str, Any]]
    cache_state: str
    edge_log_bytes: int | None
    notes: list[str] = field(default_factory=list)


def snapshot(stack: Stack) -> Snapshot | None:
    """The counters now; None for a stack that is not local."""
    if stack.local is None or stack.local.control_url is None:
        return None
    log = Path(stack.local.edge_log) if stack.local.edge_log else None
    return Snapshot(
        usage=get(stack.local.control_url, "/usage"),
        parts=[
            {"name": part["name"], "version": part["version"]}
            for part in get(stack.local.control_url, "/status")["parts"]
        ],
        cache_state=_cache_state(log),
        edge_log_bytes=log.stat().st_size if log is not None and log.exists() else None,
    )


def collect(folder: RunFolder, stack: Stack, before: Snapshot, started_at_s: float) -> None:
    """Stores what the stack counted during the run, and the edge log held against the client's rows."""
    assert stack.local is not None
    assert stack.local.control_url is not None
    after = _settled_usage(stack.local.control_url)
    folder.write_json(folder.stack_usage_json, {"before": before.usage, "after": after})
    if stack.local.edge_log is None or before.edge_log_bytes is None:
        return
    if folder.read_json(folder.run_json)["plan"]["samples"] != "all":
        return  # request by request needs every request
    with Path(stack.local.edge_log).open("rb") as log:
        log.seek(before.edge_log_bytes)
        parsed = parse_edge_log(log.read().decode("utf-8", errors="replace").splitlines())
    samples = folder.read_rows("samples", CLIENT_COLUMNS)[0].to_pandas()
    check = cross_check(
        samples, parsed, started_at_s=started_at_s, ended_at_s=time.time(), behaviours=stack.behaviour
    )
    folder.write_json(folder.edge_json, check)


def get(control_url: str, path: str) -> Any:
    """A document of the supervisor's control endpoint (exit 2 when it does not answer)."""
    try:
        answer = urllib3.PoolManager().request(
            "GET", control_url.rstrip("/") + path, timeout=10.0, retries=False
        )
        return json.loads(answer.data)
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise TidegaugeError(
            f"the local stack's supervisor at {control_url} does not answer: {error}",
            "is it up? tidegauge stack status",
        ) from None


def _settled_usage(control_url: str) -> Any:
    """The counters once queued work is done: unchanged for a while, or after the longest wait."""
    deadline = time.monotonic() + SETTLE_S
    latest, since = get(control_url, "/usage"), time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - since < QUIET_S:
        time.sleep(0.25)
        now = get(control_url, "/usage")
        if _without_polls(now) != _without_polls(latest):
            latest, since = now, time.monotonic()
    return get(control_url, "/usage")


def _without_polls(usage: Mapping[str, Any]) -> list[Any]:
    """The counters of work; idle consumers go on asking their queues, which never settles."""
    return [row for row in usage.get("counters", []) if row["service"] != "sqs"]


def _cache_state(log: Path | None) -> str:
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
