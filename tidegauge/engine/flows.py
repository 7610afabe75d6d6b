"""Flows by name: functions of one session, from locustfiles/ or declared in the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tidegauge.engine.session import Session
from tidegauge.plan import Flow

SessionFunction = Callable[[Session], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnableFlow:
    """What to call for a session, and the endpoint that an unsent one counts against."""

    name: str
    run: SessionFunction
    endpoints: tuple[str, ...]


REGISTRY: dict[str, RunnableFlow] = {}


def flow(
    name: str, *, endpoints: Sequence[str], expects: Mapping[str, float] | None = None
) -> Callable[[SessionFunction], SessionFunction]:
    """Registers a scenario; `endpoints` are all that it may call, that of its first step first.

    `expects` is what a mean session asks for, to forecast a run: requests to `api`, `cdn` and `other` hosts,
    and `body:NAME` whole bodies of a rendition (`original` too). All are literals: the CLI reads them
    without running the file.
    """
    del expects  # the CLI's

    def register(function: SessionFunction) -> SessionFunction:
        REGISTRY[name] = RunnableFlow(name=name, run=function, endpoints=tuple(endpoints))
        return function

    return register


def declared_flow(definition: Flow) -> RunnableFlow:
    """A flow of the plan as a function of a session."""
    steps = [(step, step.endpoint, (step.body or "").encode()) for step in definition.step]

    def run(session: Session) -> None:
        for step, endpoint, body in steps:
            path = step.path
            if session.asset is not None and "{" in path:
                path = path.replace("{asset_id}", session.asset.asset_id)
                path = path.replace("{short_code}", session.asset.short_code)
            session.request(
                step.method,
                path,
                endpoint=endpoint,
                base=step.base,
                headers=step.headers,
                body=body,
                expect_status=step.expect_status,
                think_time_s=step.think_time_s,
                keep_body=False,
                follow_redirects=step.follow_redirects,
                timeout_s=step.timeout_s,
                max_body_bytes=step.max_body_bytes,
            )

    return RunnableFlow(name=definition.name, run=run, endpoints=tuple(endpoint for _, endpoint, _ in steps))
