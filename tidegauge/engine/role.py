"""What part a generator process plays, as the CLI that started it says."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field

ROLE = "TIDEGAUGE_ROLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """The part of this process; the defaults are those of a run on the CLI's own machine."""

    workers: int = 1  # generator processes that take part
    page: bool = False  # whether Locust's web page is to show our requests
    joins: bool = False  # a worker of another CLI's run, whose job is still to come
    exchange: str = ""  # where such workers find the job and leave their rows
    run_id: str = ""
    # What the master and such workers must have in common.
    program: dict[str, str] = field(default_factory=dict)

    @property
    def is_remote(self) -> bool:
        """Whether the workers are those of other CLIs."""
        return self.joins or bool(self.exchange)

    def environment(self) -> dict[str, str]:
        """The environment variable that hands the role down."""
        return {ROLE: json.dumps(asdict(self))}


def own_role() -> Role:
    """The role of this process."""
    return Role(**json.loads(os.environ.get(ROLE, "{}")))


def difference(master: dict[str, str], worker: dict[str, str]) -> str | None:
    """Why a worker with `worker` can't take part in a run with `master`; None when it can.

    Both are as in `Role.program`: a version or sha256 by name. What only the worker has doesn't matter.
    """
    for name, wanted in master.items():
        found = worker.get(name)
        if found is None and name.startswith("flows/"):
            file = name.removeprefix("flows/")
            return f"the plan's {file} is missing on the worker: copy it there, and name it with --flows"
        if found is None:
            return f"{name} is missing on the worker"
        if found != wanted:
            is_file = "/" in name
            return (
                f"{name} is not the same file on master and worker"
                if is_file
                else f"{name} is {wanted} on the master, {found} on the worker"
            )
    return None
