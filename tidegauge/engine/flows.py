"""Flows by name: functions of one session, from locustfiles/ or declared in the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tidegauge.catalogue import Asset
from tidegauge.engine.request import Request
from tidegauge.engine.session import Session
from tidegauge.plan import Flow, Step

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
    """Registers a flow; `endpoints` are all that it may call, that of its first request first.

    `expects` is what a mean session asks for, to forecast a run: requests to `api`, `cdn` and `other` hosts,
    and `body:NAME` whole bodies of a rendition (`original` too). All are literals: the CLI reads them
    without running the file.
    """
    del expects  # the forecast reads it from the file's text

    def register(function: SessionFunction) -> SessionFunction:
        REGISTRY[name] = RunnableFlow(name=name, run=function, endpoints=tuple(endpoints))
        return function

    return register


def declared_flow(definition: Flow) -> RunnableFlow:
    """A flow of the plan as a function of a session."""
    requests = [_request_of(step) for step in definition.step]

    def run(session: Session) -> None:
        for request in requests:
            session.send(_drawn(request, session.asset))

    endpoints = tuple(request.endpoint for request in requests)
    return RunnableFlow(name=definition.name, run=run, endpoints=endpoints)


def _request_of(step: Step) -> Request:
    return Request(
        step.method,
        step.path,
        endpoint=step.endpoint,
        base=step.base,
        headers=step.headers,
        body=(step.body or "").encode(),
        expect_status=step.expect_status,
        think_time_s=step.think_time_s,
        keep_body=False,
        follow_redirects=step.follow_redirects,
        timeout_s=step.timeout_s,
        max_body_bytes=step.max_body_bytes,
    )


def _drawn(request: Request, asset: Asset | None) -> Request:
    """The request with the session's asset in its path."""
    if asset is None or "{" not in request.target:
        return request
    path = request.target.replace("{asset_id}", asset.asset_id).replace("{short_code}", asset.short_code)
    return request._replace(target=path)
