"""Bench documents as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tidegauge.errors import TidegaugeError

DOCUMENT_BYTES_MAX = 64 * 2**20  # far above any bench; a wrong file shall not fill the memory


def read_document(path: Path) -> Any:
    """The JSON document at `path`; what is wrong with it is an error (exit 2)."""
    try:
        if path.stat().st_size > DOCUMENT_BYTES_MAX:
            raise TidegaugeError(f"{path} is too large for a bench document", "give what the bench printed")
        return json.loads(path.read_bytes(), parse_constant=_refuse)
    except OSError as error:
        raise TidegaugeError(f"{path} cannot be read: {error.strerror}", "check the path") from None
    except (ValueError, RecursionError):
        raise TidegaugeError(
            f"{path} is not JSON", "give what `tidegauge bench transcode --json` printed"
        ) from None


def _refuse(constant: str) -> None:
    """NaN and the infinities, which Python would take and JSON doesn't have."""
    raise ValueError(constant)
