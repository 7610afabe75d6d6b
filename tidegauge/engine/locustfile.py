"""What a locustfile imports: `flow` to register one, `Session` to send requests, a user to run it alone."""

from __future__ import annotations

from tidegauge.catalogue import Asset
from tidegauge.engine.closed_users import SessionUser  # first: imports locust
from tidegauge.engine.flows import flow
from tidegauge.engine.http_client import SharedBody
from tidegauge.engine.request import Request
from tidegauge.engine.response import Response
from tidegauge.engine.session import Session, StepFailed
from tidegauge.house import put_on_path

__all__ = ["Asset", "Request", "Response", "Session", "SessionUser", "SharedBody", "StepFailed", "flow"]

# For `locust -f` on our own files; the first place is that file's folder until it is loaded.
put_on_path(1)
