"""The fixture media; those too large for git are made when they are first asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tidegauge.house import MEDIA

MAKE_S_MAX = 300


def fixture(name: str, folder: Path = MEDIA) -> Path:
    """The file called `name`, made now where it is missing; SystemExit where that fails."""
    path = folder / name
    if not path.exists():
        print(f"making {name}, which is not in git", file=sys.stderr)  # noqa: T201
        maker = folder / "make.py"
        done = subprocess.run([sys.executable, str(maker), name], stdout=sys.stderr, timeout=MAKE_S_MAX)
        if not path.exists():
            raise SystemExit(f"error: {name} was not made\nhint: see what `python {maker} {name}` says")
        if done.returncode:
            print(f"warning: this {name} is not the manifest's; figures differ a little", file=sys.stderr)  # noqa: T201
    return path
