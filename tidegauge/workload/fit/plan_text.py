"""The plan of a fit, as TOML that `tidegauge run` takes as it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import chain, count
from typing import Literal

import numpy as np

from tidegauge.workload.fit.arrivals import ArrivalFit
from tidegauge.workload.fit.log_fit import LogFit
from tidegauge.workload.fit.popularity import PopularityFit
from tidegauge.workload.fit.requests import Endpoint
from tidegauge.workload.fit.visits import Kind

FLOWS_MAX = 60  # the most frequent; what others would send is left out, and said
NAME_MAX = 60

Base = Literal["api", "cdn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFit:
    """One flow of the plan: a kind of visit."""

    name: str
    kind: Kind
    visits: int
    think_time_s: tuple[float, ...]


def flow_fits(fit: LogFit) -> tuple[FlowFit, ...]:
    """The plan's flows, the most frequent first."""
    times = np.bincount(fit.visits.kind, minlength=len(fit.visits.kinds))
    order = np.argsort(-times, kind="stable")[:FLOWS_MAX]
    taken: set[str] = set()
    flows = []
    for index in order.tolist():
        kind = fit.visits.kinds[index]
        wanted = _flow_name([fit.endpoints[step] for step in kind])
        others = (f"{wanted}_{number}" for number in count(2))
        name = next(name for name in chain([wanted], others) if name not in taken)
        taken.add(name)
        flows.append(
            FlowFit(
                name=name,
                kind=kind,
                visits=int(times[index]),
                think_time_s=fit.visits.think_time_s[index],
            )
        )
    return tuple(flows)


def kept_share(fit: LogFit) -> float:
    """The share of the sessions that the plan's flows stand for; below 1 with more than FLOWS_MAX."""
    return sum(flow.visits for flow in flow_fits(fit)) / len(fit.visits)


def plan_text(fit: LogFit, name: str, bases: dict[str, Base], base: Base, about: str) -> str:
    """The plan; a path that begins as a key of `bases` says goes to that base, others to `base`."""
    flows = flow_fits(fit)
    total = sum(flow.visits for flow in flows)
    kept = kept_share(fit)
    lines = [f"# {line}" for line in about.splitlines()]
    lines += [f"name = {json.dumps(name)}", "", *_arrivals(fit.arrivals, kept)]
    if len(flows) > 1:
        lines += ["", "[mix]", *(f"{flow.name} = {flow.visits / total!r}" for flow in flows)]
    draws = any(fit.endpoints[step].draws for flow in flows for step in flow.kind)
    if draws:
        lines += ["", *_popularity(fit.objects.chosen, fit.objects.requests)]
    for flow in flows:
        lines += ["", "[[flow]]", f"name = {json.dumps(flow.name)}"]
        for step, think_time_s in zip(flow.kind, flow.think_time_s, strict=True):
            lines += _step(fit.endpoints[step], think_time_s, bases, base)
    return "\n".join(lines) + "\n"


def _arrivals(arrivals: ArrivalFit, kept: float) -> list[str]:
    rates = [f"{rate * kept:.6g}" for rate in arrivals.rates_per_s]
    head = ["[[arrivals]]", f'shape = "{arrivals.shape}"', f'process = "{arrivals.process}"']
    if arrivals.day is not None:
        return [
            *head,
            f"mean_rate_per_s = {rates[0]}",
            f"peak_to_trough = {arrivals.day.peak_to_trough:.6g}",
            "period_s = 86400",
            f"peak_at_s = {arrivals.day.peak_at_s:.6g}",
            f"duration_s = {arrivals.duration_s!r}",
        ]
    if len(rates) > 1:
        return [*head, f"rates_per_s = [{', '.join(rates)}]", f"step_s = {arrivals.step_s!r}"]
    return [*head, f"rate_per_s = {rates[0]}", f"duration_s = {arrivals.duration_s!r}"]


def _popularity(popularity: PopularityFit, requests: int) -> list[str]:
    lines = ["[popularity]", f'model = "{popularity.model}"', f"assets = {popularity.assets}"]
    if popularity.model == "zipf":
        return [*lines, f"alpha = {popularity.parameter:.6g}"]
    return [*lines, f"shape = {popularity.parameter:.6g}", f"scale = {popularity.scale(requests):.6g}"]


def _step(endpoint: Endpoint, think_time_s: float, bases: dict[str, Base], base: Base) -> list[str]:
    chosen = next((to for prefix, to in bases.items() if endpoint.template.startswith(prefix)), base)
    lines = [
        "[[flow.step]]",
        f"method = {json.dumps(endpoint.method)}",
        f"path = {json.dumps(endpoint.template)}",
        f'base = "{chosen}"',
    ]
    if think_time_s:
        lines.append(f"think_time_s = {think_time_s!r}")
    if endpoint.fails and endpoint.statuses:
        lines.append(f"expect_status = {list(endpoint.statuses)}")  # a page that mostly fails, as logged
    return lines


def _flow_name(endpoints: list[Endpoint]) -> str:
    """A bare TOML key that tells the first request and how many follow; never one of locustfiles/."""
    first = re.sub(r"[^a-z0-9]+", "_", f"{endpoints[0].method} {endpoints[0].template}".lower()).strip("_")
    more = f"_and_{len(endpoints) - 1}_more" if len(endpoints) > 1 else ""
    return first[:NAME_MAX] + more
