"""The control endpoint of a local stack's supervisor."""

from __future__ import annotations

import json
from typing import Any

import urllib3

from tidegauge.errors import TidegaugeError


def ask_supervisor(control_url: str, path: str) -> Any:
    """The document at `path` (exit 2 when the supervisor does not answer)."""
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
