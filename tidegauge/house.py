"""Where the project's other folders are: beside this package in a checkout, packed inside it in a wheel.

An installation so adds one name to site-packages, while `reports`, `locustfiles` … keep the names by which
they import each other. Whoever runs them, this process or a child, has HOUSE first on its path: a folder
`reports` of the user's own must not stand in for ours.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_PACKED = _PACKAGE / "_house"  # as pyproject.toml maps the folders

HOUSE = _PACKED if _PACKED.is_dir() else _PACKAGE.parent
LOCUSTFILES = HOUSE / "locustfiles"
MEDIA = HOUSE / "fixtures" / "media"
INSTALL_LOCAL = "pip install 'tidegauge[local]' (in a checkout ./run does)"


def put_on_path(position: int = 0) -> None:
    """Makes the folders importable in this process, before what stands from `position` on."""
    if str(HOUSE) not in sys.path[: position + 1]:
        sys.path.insert(position, str(HOUSE))


def environment() -> Mapping[str, str]:
    """This process' environment for children that run modules of the house, wherever they are started."""
    paths = [str(HOUSE), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def find(path: Path) -> Path:
    """`path` as it is; where nothing is there, the project's own file of that name (`plans/mixed.toml`)."""
    ours = HOUSE / path
    return ours if not path.exists() and not path.is_absolute() and ours.is_file() else path


def is_checkout() -> bool:
    """Whether this is a checkout of the repository: an installation may lie inside one of something else."""
    return (HOUSE / ".git").exists()
