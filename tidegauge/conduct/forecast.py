"""What a plan would send and cost, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegauge.catalogue import Asset, read_catalogue
from tidegauge.conduct.figures import client_prices
from tidegauge.conduct.flows import PythonFlow
from tidegauge.conduct.preflight import Prepared
from tidegauge.plan import Flow
from tidegauge.workload.schedule import Schedule, peak_rate_per_s

BODY = "body:"


@dataclass(slots=True, kw_only=True)
class _Sums:
    """Of all sessions; what is not known is None, and `gaps` say why."""

    requests: float | None = 0.0
    cdn_requests: float | None = 0.0
    cdn_bytes: float | None = 0.0
    gaps: list[str] = field(default_factory=list)

    def add(self, requests: float | None, cdn_requests: float | None, cdn_bytes: float | None) -> None:
        """Another flow's."""
        self.requests = _plus(self.requests, requests)
        self.cdn_requests = _plus(self.cdn_requests, cdn_requests)
        self.cdn_bytes = _plus(self.cdn_bytes, cdn_bytes)


def forecast(prepared: Prepared, schedule: Schedule, known: Mapping[str, PythonFlow]) -> dict[str, Any]:
    """Peak rates, requests, CDN bytes and dollars; null with a reason in `unknown` where nobody knows.

    Dollars are what CDN and API would list for it, without storage, queues or workers.
    """
    sums = _Sums()
    declared = {flow.name: flow for flow in prepared.plan.flow}
    catalogue = list(read_catalogue(prepared.catalogue)) if prepared.catalogue else []
    for index, name in enumerate(schedule.flows):
        ranks = schedule.asset_rank[schedule.flow_index == index]
        if name in declared:
            _add_declared(sums, declared[name], len(ranks))
        else:
            flow = known.get(name)
            _add_python(sums, name, flow.expects if flow else None, ranks, catalogue)
    peak = peak_rate_per_s(prepared.plan)
    sessions = len(schedule)
    requests = None if sums.requests is None else round(sums.requests)
    return {
        "peak_sessions_per_s": peak,
        "peak_requests_per_s": None if requests is None or not sessions else peak * requests / sessions,
        "requests": requests,
        "cdn_requests": None if sums.cdn_requests is None else round(sums.cdn_requests),
        "cdn_bytes": None if sums.cdn_bytes is None else round(sums.cdn_bytes),
        "usd": _usd(sums, prepared),
        "unknown": sums.gaps,
    }


def _add_declared(sums: _Sums, flow: Flow, sessions: int) -> None:
    cdn = sum(step.base == "cdn" for step in flow.step)
    if cdn:
        sums.gaps.append(f"flow '{flow.name}': how many bytes its CDN steps bring is not known")
    sums.add(sessions * len(flow.step), sessions * cdn, None if cdn else 0.0)


def _add_python(
    sums: _Sums,
    name: str,
    expects: Mapping[str, float] | None,
    ranks: NDArray[np.int64],
    catalogue: list[Asset],
) -> None:
    if expects is None:
        sums.gaps.append(f"flow '{name}': it does not say what a session asks for (`expects` of its @flow)")
        sums.add(None, None, None)
        return
    requests = sum(expects.get(host, 0.0) for host in ("api", "cdn", "other")) * len(ranks)
    bodies = {key.removeprefix(BODY): times for key, times in expects.items() if key.startswith(BODY)}
    received: float | None = 0.0
    for rendition, times in bodies.items():
        mean = _mean_bytes(rendition, ranks, catalogue)
        if mean is None and len(ranks):
            sums.gaps.append(f"flow '{name}': the catalogue does not say how long '{rendition}' is")
        received = _plus(received, 0.0 if not len(ranks) else mean and mean * times * len(ranks))
    sums.add(requests, expects.get("cdn", 0.0) * len(ranks), received)


def _mean_bytes(rendition: str, ranks: NDArray[np.int64], catalogue: list[Asset]) -> float | None:
    """Of a rendition, over the assets as they are drawn; None where the catalogue lacks one."""
    lengths = [asset.renditions.get(rendition, {}).get("bytes") for asset in catalogue]
    if not lengths or any(length is None for length in lengths):
        return None
    drawn = ranks[(ranks >= 0) & (ranks < len(lengths))]
    return float(np.mean(np.asarray(lengths, dtype=float)[drawn])) if len(drawn) else None


def _usd(sums: _Sums, prepared: Prepared) -> float | None:
    prices = client_prices(prepared.stack)
    if prices is None:
        sums.gaps.append("there are no prices for the stack's region")
        return None
    if sums.requests is None or sums.cdn_requests is None or sums.cdn_bytes is None:
        return None
    counts = {
        "api_requests": sums.requests - sums.cdn_requests,
        "cdn_requests": sums.cdn_requests,
        "cdn_bytes": sums.cdn_bytes,
    }
    return float(sum(Fraction(counts[name]) * price for name, price in prices.items()))


def _plus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
