"""What the parts of a stack are made from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra_under_test.cgroup import Cage
from infra_under_test.local.discovery import Found
from infra_under_test.local.resources import Credentials
from infra_under_test.local.signing_key import SigningKey
from infra_under_test.local.state import DIRECTORY_VARIABLE

REGION = "us-east-1"
# What a part may know of its caller's environment: no credentials, profiles or proxies of the user.
INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """All that the parts are made from."""

    directory: Path
    ports: Mapping[str, int]
    programs: Mapping[str, Found]
    versions: Mapping[str, str]
    credentials: Credentials
    signing: SigningKey
    quota: Cage
    worker_concurrency: int
    set_env: Mapping[str, str]
    visibility_s: int
    outcomes: dict[str, str]  # filled while the resources are made

    def url(self, port_name: str) -> str:
        """The loopback address behind a port's name."""
        return f"http://127.0.0.1:{self.ports[port_name]}"

    def env(self, **more: str) -> dict[str, str]:
        """The environment of any part."""
        return {
            **{key: os.environ[key] for key in INHERITED if key in os.environ},
            "HOME": str(self.directory),  # no part may read the user's settings
            "TMPDIR": str(self.directory / "tmp"),
            "PYTHONUNBUFFERED": "1",
            DIRECTORY_VARIABLE: str(self.directory),
            **more,
        }
