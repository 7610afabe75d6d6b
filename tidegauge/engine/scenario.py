"""What a locustfile needs: `flow` to register its scenario, `Session` to write it, a user to run it alone."""

from __future__ import annotations

from tidegauge.catalogue import Asset
from tidegauge.engine.closed_users import SessionUser  # first: imports locust
from tidegauge.engine.flows import flow
from tidegauge.engine.http_client import SharedBody
from tidegauge.engine.response import Response
from tidegauge.engine.session import Session, StepFailed

__all__ = ["Asset", "Response", "Session", "SessionUser", "SharedBody", "StepFailed", "flow"]
