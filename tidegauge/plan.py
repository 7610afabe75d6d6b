"""The plan: what traffic to send, for how long, and what must hold."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from tidegauge.documents import parse, read_toml
from tidegauge.errors import TidegaugeError, nearest
from tidegauge.overrides import apply_override
from tidegauge.replay import REPLAY_FLOW, Replay, check_replay
from tidegauge.shapes import SHAPES, Duration, Phase, Seconds, Trace, check_phase, phase_duration_s

PLACEHOLDERS = frozenset({"asset_id", "short_code"})
QUANTILE_KEY = re.compile(r"p([0-9]{2,5})_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request of a declared flow. `think_time_s` is waited before it."""

    path: str
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    base: Literal["api", "cdn"] = "api"
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    expect_status: tuple[Annotated[int, Field(ge=100, le=599)], ...] | None = None
    think_time_s: Seconds = 0.0
    follow_redirects: bool = False
    timeout_s: Duration | None = None
    max_body_bytes: Annotated[int, Field(ge=0)] | None = None

    @property
    def endpoint(self) -> str:
        """Method and path template without host and query, as results name it."""
        path = re.split(r"[?#]", re.sub(r"^https?://[^/?#]*", "", self.path), maxsplit=1)[0]
        return f"{self.method} {path or '/'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A declared flow: the requests of one session, in order."""

    name: str
    step: Annotated[tuple[Step, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Popularity:
    """How often each asset is asked for; rank k of the model is row k of the catalogue."""

    model: Literal["zipf", "stretched_exponential"] = "zipf"
    assets: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    alpha: Annotated[float, Field(ge=0, le=10)] | None = None
    shape: Annotated[float, Field(gt=0, le=10)] | None = None
    scale: Annotated[float, Field(gt=0)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """Limits of the generator itself; a run beyond them is INVALID."""

    cpu_ratio_max: Annotated[float, Field(gt=0)] = 0.9
    lag_ms_p99_max: Annotated[float, Field(gt=0)] = 10.0
    lost_ratio_max: Annotated[float, Field(ge=0, le=1)] = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What ends a run before it does harm. Above the ceilings AWS wants to be asked first."""

    requests_per_s_max: Annotated[float, Field(gt=0)] = 50_000.0
    gbps_max: Annotated[float, Field(gt=0)] = 0.8  # received, as a mean over gbps_over_s
    gbps_over_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    budget_usd: Annotated[float, Field(gt=0)] | None = None
    failure_ratio_max: Annotated[float, Field(gt=0, le=1)] | None = None  # over failure_over_s
    failure_over_s: Annotated[float, Field(ge=1, le=3600)] = 10.0
    alarms: tuple[str, ...] = ()  # CloudWatch alarms in the stack's region: one in ALARM ends the run


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole plan. Only `arrivals` and a flow (in `flow` or `mix`) are required."""

    arrivals: Annotated[tuple[Phase, ...], Field(min_length=1)]
    name: str = "unnamed"
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    warmup_s: Seconds = 0.0
    connections: Literal["per_session", "pooled"] = "per_session"
    in_flight_max: Annotated[int, Field(ge=1)] = 5000
    samples: Literal["all", "slow", "none"] = "all"
    timeout_s: Duration = 30.0
    connect_timeout_s: Duration | None = None  # look-up and TLS included, within timeout_s
    read_timeout_s: Duration | None = None  # the longest silence while an answer is due
    drain_s: Seconds = 30.0
    max_body_bytes: Annotated[int, Field(ge=0)] = 64 * 2**20
    mix: dict[str, Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]] | None = None
    popularity: Popularity | None = None
    flow: tuple[Flow, ...] = ()
    flows: tuple[str, ...] = ()  # files of Python flows, relative to the plan
    replay: Replay | None = None
    objectives: dict[str, dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]]] = field(
        default_factory=dict
    )
    validity: Validity = field(default_factory=Validity)
    guards: Guards = field(default_factory=Guards)

    @property
    def duration_s(self) -> float:
        """Length of all phases together."""
        return math.fsum(phase_duration_s(phase) for phase in self.arrivals)

    @property
    def trace(self) -> Trace | None:
        """The only phase of a plan that replays logs; None of other plans."""
        return next((phase for phase in self.arrivals if isinstance(phase, Trace)), None)

    @property
    def shares(self) -> dict[str, float]:
        """Share of the sessions by flow; a single declared flow needs no mix, and a trace has none."""
        if self.trace is not None:
            return {}
        return dict(self.mix) if self.mix is not None else {self.flow[0].name: 1.0}

    @property
    def flow_names(self) -> tuple[str, ...]:
        """The flows that sessions may be of: those of the mix, or of a replay."""
        if self.trace is None:
            return tuple(self.shares)
        return (REPLAY_FLOW, *dict.fromkeys((self.replay or Replay()).flows.values()))


def load_plan(path: Path, overrides: tuple[str, ...] = (), known_flows: frozenset[str] = frozenset()) -> Plan:
    """The plan file with `KEY=VALUE` overrides; `known_flows` are those written in Python."""
    plan = parse_plan(read_plan(path, overrides), f"plan {path}", known_flows)
    if plan.trace is not None and plan.trace.found is not None:
        raise TidegaugeError(
            f"plan {path}: unknown key 'arrivals.0.found'",
            "leave it out: it is filled in from the trace's logs",
        )
    return plan


def read_plan(path: Path, overrides: tuple[str, ...] = ()) -> dict[str, Any]:
    """The plan file's document with `KEY=VALUE` overrides, unchecked."""
    data = read_toml(path, "plan")
    for override in overrides:
        apply_override(data, override)
    return data


def named_flow_files(data: dict[str, Any], what: str) -> tuple[str, ...]:
    """The files that a plan's document names: its flows must be known before it can be checked."""
    named = data.get("flows", [])
    if not isinstance(named, list) or not all(isinstance(name, str) and name for name in named):
        raise TidegaugeError(
            f"{what}: flows is not a list of file names", 'flows = ["flow.py"]; a flow in TOML is a [[flow]]'
        )
    return tuple(named)


def parse_plan(data: dict[str, Any], what: str, known_flows: frozenset[str] = frozenset()) -> Plan:
    """A plan document checked as a whole: types first, then what the parts say of each other."""
    _refuse_unknown_shapes(data, what)
    plan = parse(Plan, data, what)
    _check_plan(plan, what, known_flows)
    return plan


def check_stored_plan(plan: Plan, what: str) -> None:
    """Refuses a stored plan whose parts do not fit together; its flows were known when the run was made."""
    declared = {flow.name for flow in plan.flow}
    replayed = plan.replay.flows if plan.replay else {}
    _check_plan(plan, what, frozenset([*(plan.mix or ()), *replayed.values()]) - declared)


def _check_plan(plan: Plan, what: str, known_flows: frozenset[str]) -> None:
    _check_phases(plan, what)
    _check_flows(plan, what, known_flows)
    _check_popularity(plan, what)
    for target, limits in plan.objectives.items():
        _check_objective(plan, what, target, limits)


def _refuse_unknown_shapes(data: dict[str, Any], what: str) -> None:
    phases = data.get("arrivals")
    if not isinstance(phases, list) or not phases:
        raise TidegaugeError(f"{what}: no [[arrivals]]", "add a phase: shape, rate_per_s, duration_s")
    for index, phase in enumerate(phases):
        shape = phase.get("shape") if isinstance(phase, dict) else None
        if shape not in SHAPES:
            hint = nearest(str(shape), SHAPES)
            raise TidegaugeError(f"{what}: arrivals.{index}.shape is {shape!r:.40}", hint)


def _check_phases(plan: Plan, what: str) -> None:
    for index, phase in enumerate(plan.arrivals):
        check_phase(phase, f"{what}: arrivals.{index}")
    if plan.trace is not None and len(plan.arrivals) > 1:
        raise TidegaugeError(
            f"{what}: shape 'trace' beside other phases", "a trace is the only phase of its plan"
        )
    # The length of a trace is known once its logs were read.
    if plan.trace is None or plan.trace.found is not None:
        check_warmup(plan, what)


def check_warmup(plan: Plan, what: str) -> None:
    """Refuses a warm-up that leaves nothing to measure (exit 2)."""
    if plan.warmup_s >= plan.duration_s:
        raise TidegaugeError(
            f"{what}: warmup_s is {plan.warmup_s:g}, the phases last {plan.duration_s:g} s",
            "shorten warmup_s or lengthen duration_s, so that something is left to measure",
        )


def _check_flows(plan: Plan, what: str, known_flows: frozenset[str]) -> None:
    declared = [flow.name for flow in plan.flow]
    for name in declared:
        if declared.count(name) > 1:
            raise TidegaugeError(f"{what}: two flows are named '{name}'", "give each flow its own name")
        if name in known_flows:
            raise TidegaugeError(
                f"{what}: flow '{name}' is written in Python already", "choose another name for the [[flow]]"
            )
    for flow in plan.flow:
        for index, step in enumerate(flow.step):
            _check_step(step, f"{what}: flow '{flow.name}' step {index + 1}")
    if plan.trace is not None:
        _check_trace_flows(plan, what, {*declared, *known_flows})
        return
    if plan.replay is not None:
        raise TidegaugeError(f"{what}: [replay] without a trace", 'it belongs to shape = "trace"')
    if plan.mix is None:
        if len(declared) != 1:
            raise TidegaugeError(
                f"{what}: {len(declared)} declared flows and no [mix]",
                "add [mix] with a share for each flow, summing to 1",
            )
        return
    for name in plan.mix:
        if name not in declared and name not in known_flows:
            raise TidegaugeError(
                f"{what}: [mix] names the unknown flow '{name}'", nearest(name, {*declared, *known_flows})
            )
    total = math.fsum(plan.mix.values())
    if abs(total - 1) > 1e-6:
        raise TidegaugeError(
            f"{what}: the shares of [mix] sum to {total:.6g}, not 1", "make the shares sum to 1"
        )


def _check_trace_flows(plan: Plan, what: str, flows: set[str]) -> None:
    if plan.mix is not None:
        raise TidegaugeError(
            f"{what}: [mix] beside shape 'trace'", "leave [mix] out: each line of the log is a session"
        )
    if REPLAY_FLOW in flows:
        raise TidegaugeError(
            f"{what}: the flow name '{REPLAY_FLOW}' is taken by the log's own requests", "choose another name"
        )
    if plan.replay is not None:
        check_replay(plan.replay, what, flows)


def _check_step(step: Step, where: str) -> None:
    if not step.path.startswith(("/", "http://", "https://")):
        raise TidegaugeError(f"{where}: path '{step.path:.60}' does not start with /", "paths start with /")
    if any(ord(char) <= 32 or ord(char) == 127 for char in step.path):
        raise TidegaugeError(f"{where}: path has a space or control character", "percent-encode it (%20)")
    for name, value in step.headers.items():
        if any(char in "\r\n\0" for char in name + value) or not name or ":" in name or " " in name:
            raise TidegaugeError(f"{where}: header '{name:.40}' is not a valid header", "no line breaks")
    for name in re.findall(r"\{([^{}]*)\}", step.path):
        if name not in PLACEHOLDERS:
            raise TidegaugeError(f"{where}: unknown placeholder {{{name}}}", nearest(name, PLACEHOLDERS))


def _check_popularity(plan: Plan, what: str) -> None:
    model = plan.popularity
    if model is None:
        return
    wanted = {"zipf": {"alpha"}, "stretched_exponential": {"shape", "scale"}}[model.model]
    for key in ("alpha", "shape", "scale"):
        if (getattr(model, key) is not None) != (key in wanted):
            verb = "needs" if key in wanted else "has no"
            raise TidegaugeError(
                f"{what}: popularity model '{model.model}' {verb} {key}",
                f"it takes {', '.join(sorted(wanted))}",
            )


def _check_objective(plan: Plan, what: str, target: str, limits: dict[str, float]) -> None:
    where = f'{what}: objectives."{target}"'
    for key, limit in limits.items():
        if key == "error_ratio":
            if limit > 1:
                raise TidegaugeError(f"{where}: error_ratio is {limit:g}", "a ratio is between 0 and 1")
        elif not _is_quantile_key(key):
            raise TidegaugeError(
                f"{where}: unknown key '{key}'", nearest(key, ("p50_ms", "p99_ms", "error_ratio"))
            )
    kind, _, name = target.partition(":")
    if kind in ("flow", "session") and name:
        if name not in plan.flow_names:
            raise TidegaugeError(f"{where}: no such flow in this plan", nearest(name, plan.flow_names))
        return
    if target == "total":
        return
    endpoints = {step.endpoint for flow in plan.flow for step in flow.step}
    only_declared = all(name in {flow.name for flow in plan.flow} for name in plan.flow_names)
    if target not in endpoints and (only_declared or " " not in target):
        raise TidegaugeError(
            f"{where}: no such endpoint in this plan", nearest(target, {*endpoints, "total"})
        )


def _is_quantile_key(key: str) -> bool:
    """p50_ms, p99_ms, p999_ms …: two digits, or nines and more; p100, p5 and p990 are not clear quantiles."""
    match = QUANTILE_KEY.fullmatch(key)
    return match is not None and match[1] != "00" and (len(match[1]) == 2 or not match[1].endswith("0"))
