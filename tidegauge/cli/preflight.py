"""What is checked before any load is sent; `run` refuses what `doctor` would."""

from __future__ import annotations

import math
import shutil
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tidegauge.cli.scenarios import Scenario
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.plan import Plan, Step
from tidegauge.stack import Stack, is_allowed, not_allowed, relative_to
from tidegauge.workload.schedule import pieces

CONNECT_TIMEOUT_S = 5.0
BYTES_A_ROW = 120  # of Parquet, generously
ROWS_A_SESSION = 20
FREE_BYTES_MIN = 32 * 2**20
REQUESTS_PER_S_MAX = 50_000  # above it AWS wants to be told first


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that may start."""

    plan: Plan
    stack: Stack
    catalogue: Path | None
    assets: int
    architecture: Path | None
    files: tuple[Path, ...]  # the scenario files to load
    endpoints: tuple[tuple[str, str], ...]  # (flow, endpoint), as the results list them


def prepare(plan: Plan, stack: Stack, stack_file: Path, scenarios: Mapping[str, Scenario]) -> Prepared:
    """Plan and stack held against each other and the guards; sends nothing."""
    used = [scenarios[name] for name in plan.shares if name in scenarios]
    declared = [flow for flow in plan.flow if flow.name in plan.shares]
    for flow in declared:
        for step in flow.step:
            _check_target(step, stack, f"flow '{flow.name}'")
    expected = sum(piece.expected for piece in pieces(plan))
    peak = max(max(piece.from_rate_per_s, piece.to_rate_per_s) for piece in pieces(plan))
    if peak > REQUESTS_PER_S_MAX:
        raise TidegaugeError(
            f"the plan peaks at {peak:g} sessions/s, over the ceiling of {REQUESTS_PER_S_MAX}",
            "lower the rate: AWS wants to be asked before such a test",
            ExitCode.REFUSED,
        )
    if expected < 1:
        raise TidegaugeError("the plan sends no session", "raise the rate or lengthen the phases")
    needs_assets = bool(used) or any("{" in step.path for flow in declared for step in flow.step)
    catalogue = relative_to(stack_file, stack.catalogue) if stack.catalogue else None
    return Prepared(
        plan=plan,
        stack=stack,
        catalogue=catalogue if needs_assets else None,
        assets=_asset_count(plan, catalogue, used) if needs_assets else 0,
        architecture=_architecture(stack, stack_file),
        files=tuple(dict.fromkeys(scenario.file for scenario in used)),
        endpoints=tuple(
            dict.fromkeys(
                [(flow.name, step.endpoint) for flow in declared for step in flow.step]
                + [(scenario.name, endpoint) for scenario in used for endpoint in scenario.endpoints]
            )
        ),
    )


def _architecture(stack: Stack, stack_file: Path) -> Path | None:
    if stack.architecture is None:
        return None
    folder = relative_to(stack_file, stack.architecture)
    if not folder.is_dir():
        raise TidegaugeError(
            f"architecture {folder} is no folder",
            "name a folder of CloudFormation templates in the stack file",
        )
    return folder


def _check_target(step: Step, stack: Stack, where: str) -> None:
    url = step.path if step.path.startswith("http") else stack.url(step.base)
    if not is_allowed(url, stack.allowed_hosts):
        raise not_allowed(url, where)


def _asset_count(plan: Plan, catalogue: Path | None, used: list[Scenario]) -> int:
    wanted = plan.popularity.assets if plan.popularity else None
    if catalogue is None:
        if used and any(scenario.name != "upload" for scenario in used):
            raise TidegaugeError(
                f"flow '{used[0].name}' needs assets, and the stack file names no catalogue",
                "make one: tidegauge catalogue create --stack FILE --assets 200",
            )
        if wanted is None and not used:
            raise TidegaugeError(
                "a path draws an asset, but there is no catalogue and no popularity.assets",
                "add [popularity] with assets, or name a catalogue in the stack file",
            )
        return wanted or 0
    rows = count_rows(catalogue)
    if wanted is not None and wanted > rows:
        raise TidegaugeError(
            f"popularity.assets is {wanted}, the catalogue {catalogue} has {rows} rows",
            f"lower assets, or create {wanted} assets",
        )
    return wanted or rows


def count_rows(catalogue: Path) -> int:
    """Rows of a catalogue file (exit 2 when it cannot be read or is empty)."""
    try:
        with catalogue.open("rb") as lines:
            rows = sum(1 for line in lines if line.strip())
    except OSError as error:
        raise TidegaugeError(
            f"catalogue {catalogue} cannot be read: {error.strerror}", "create it: tidegauge catalogue create"
        ) from None
    if not rows:
        raise TidegaugeError(f"catalogue {catalogue} is empty", "create assets: tidegauge catalogue create")
    return rows


def check_reachable(stack: Stack) -> None:
    """Opens and closes a connection to each base URL, without a request (exit 2)."""
    for name, url in (("api_url", stack.api_url), ("cdn_url", stack.cdn_url)):
        if url is not None:
            _connect(name, url)


def _connect(name: str, url: str) -> None:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=CONNECT_TIMEOUT_S) as plain:
            if parts.scheme == "https":
                context = ssl.create_default_context()
                context.wrap_socket(plain, server_hostname=parts.hostname).close()
    except (OSError, UnicodeError) as error:
        raise TidegaugeError(
            f"{name} {url} cannot be reached: {error}", "is the stack up? tidegauge stack status"
        ) from None


def check_disk(folder: Path, plan: Plan) -> None:
    """Room for the samples (exit 2)."""
    sessions = sum(piece.expected for piece in pieces(plan))
    needed = FREE_BYTES_MIN + math.ceil(sessions) * ROWS_A_SESSION * BYTES_A_ROW
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise TidegaugeError(
            f"disk full: {folder} has {free / 2**20:.0f} MiB free, the run may need {needed / 2**20:.0f} MiB",
            "free space, or name another folder with --out",
        )


def attempt(check: Callable[[], object]) -> TidegaugeError | None:
    """The refusal that `check` raises, if any."""
    try:
        check()
    except TidegaugeError as error:
        return error
    return None
