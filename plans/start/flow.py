"""A flow in Python: what one visitor does. plan.toml names this file and gives the flow its share."""

from __future__ import annotations

from tidegauge.engine.locustfile import Request, Response, Session, flow


@flow(
    "look_around",
    endpoints=("GET /",),  # all that it asks for, that of the first request first
    expects={"api": 2},  # requests of a mean session, for the forecast of --dry-run
)
def look_around(session: Session) -> None:
    """Opens the front page, reads for a while, opens it again. A request that fails ends the session."""
    session.send(Request("GET", "/", endpoint="GET /", check=_has_a_body))
    reading_s = session.rng.uniform(0.5, 1.5)  # the session's own generator: a seed gives the same run again
    session.send(Request("GET", "/", endpoint="GET /", think_time_s=reading_s))


def _has_a_body(response: Response) -> str | None:
    """What is wrong with the answer; None when it is good."""
    return None if response.received_bytes else "an empty body"
