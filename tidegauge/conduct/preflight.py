"""What is checked before any load is sent; `run` refuses what `doctor` would."""

from __future__ import annotations

import math
import shutil
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tidegauge.catalogue import count_assets
from tidegauge.conduct.flows import PythonFlow
from tidegauge.conduct.supervisor import ask_supervisor
from tidegauge.errors import ExitCode, TidegaugeError, nearest
from tidegauge.plan import Plan, Step
from tidegauge.stack import Stack, is_allowed, not_allowed, relative_to
from tidegauge.workload.schedule import expected_sessions, peak_rate_per_s

if TYPE_CHECKING:
    from tidegauge.conduct.replay import ResolvedTrace

RUNS = Path("runs")  # where run folders go by default
CONNECT_TIMEOUT_S = 5.0
BYTES_A_ROW = 120  # of Parquet, generously
ROWS_A_SESSION = 20
ROWS_STORED_RATIO = {"all": 1.0, "slow": 0.1, "none": 0.0}  # slow keeps the slowest 1 %, and failures
BYTES_A_SESSION = 50  # its arrival's row, and its end's
FREE_BYTES_MIN = 32 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that may start."""

    plan: Plan
    stack: Stack
    catalogue: Path | None
    assets: int
    architecture: Path | None
    files: tuple[Path, ...]  # those of the Python flows
    endpoints: tuple[tuple[str, str], ...]  # (flow, endpoint), as the results list them
    trace: ResolvedTrace | None = None


def prepare(
    plan: Plan,
    stack: Stack,
    stack_file: Path,
    python_flows: Mapping[str, PythonFlow],
    plan_folder: Path = Path(),
    architecture: Path | None = None,
) -> Prepared:
    """Plan and stack held against each other and the guards; sends nothing.

    A trace is read, relative to `plan_folder`, and worked out: the plan that comes back knows its length.
    `architecture` stands in for the stack's own.
    """
    used = [python_flows[name] for name in plan.flow_names if name in python_flows]
    declared = [flow for flow in plan.flow if flow.name in plan.flow_names]
    for flow in declared:
        for step in flow.step:
            _check_target(step, stack, f"flow '{flow.name}'")
    draws = any("{" in step.path for flow in declared for step in flow.step)
    draws = draws or any(flow.draws_assets for flow in used)
    needs_assets = bool(used) or draws or (plan.replay is not None and plan.replay.paths == "assets")
    catalogue = relative_to(stack_file, stack.catalogue) if stack.catalogue else None
    endpoints = [(flow.name, step.endpoint) for flow in declared for step in flow.step]
    endpoints += [(flow.name, endpoint) for flow in used for endpoint in flow.endpoints]
    assets = _asset_count(plan, catalogue, used, draws=draws) if needs_assets else 0
    trace = None
    if plan.trace is not None:
        from tidegauge.conduct.replay import resolve  # loads what only replays need

        first = dict(reversed(endpoints))
        trace = resolve(plan, plan.trace, plan_folder, stack, catalogue, assets, first)
        plan, endpoints = trace.plan, [*trace.endpoints, *endpoints]
    _check_rate(plan)
    _check_objectives(plan, {endpoint for _, endpoint in endpoints})
    return Prepared(
        plan=plan,
        stack=stack,
        catalogue=catalogue if needs_assets else None,
        assets=assets,
        architecture=_architecture(architecture, stack, stack_file),
        files=tuple(dict.fromkeys(flow.file for flow in used)),
        endpoints=tuple(dict.fromkeys(endpoints)),
        trace=trace,
    )


def _check_rate(plan: Plan) -> None:
    peak, a_session = peak_rate_per_s(plan), requests_a_session_min(plan)
    ceiling = plan.guards.requests_per_s_max
    if peak * a_session > ceiling:
        raise TidegaugeError(
            f"the plan peaks at {peak:g} sessions/s of {a_session:.3g} requests, over the ceiling of "
            f"{ceiling:,.0f} requests/s",
            "lower the rate: AWS wants to be asked before such a test ([guards] requests_per_s_max)",
            ExitCode.REFUSED,
        )
    if expected_sessions(plan) < 1:
        raise TidegaugeError("the plan sends no session", "raise the rate or lengthen the phases")


def requests_a_session_min(plan: Plan) -> float:
    """Requests of a mean session: every step of declared flows, at least one of others."""
    steps = {flow.name: len(flow.step) for flow in plan.flow}
    return sum(share * steps.get(name, 1) for name, share in plan.shares.items()) or 1.0


def _check_objectives(plan: Plan, endpoints: set[str]) -> None:
    """An endpoint that no flow of the mix calls would never be judged; `(redirect 1)` may follow its name."""
    for target in plan.objectives:
        called = target == "total" or target.startswith(("flow:", "session:"))
        if not called and target.partition(" (redirect ")[0] not in endpoints:
            raise TidegaugeError(
                f'objectives."{target}": no flow of the mix calls this endpoint', nearest(target, endpoints)
            )


def _architecture(asked: Path | None, stack: Stack, stack_file: Path) -> Path | None:
    named = None if stack.architecture is None else relative_to(stack_file, stack.architecture)
    folder = asked or named
    if folder is None:
        return None
    if not folder.is_dir():
        raise TidegaugeError(
            f"architecture {folder} is not a folder",
            "name a folder of CloudFormation templates, in the stack file or as --architecture",
        )
    return folder


def _check_target(step: Step, stack: Stack, where: str) -> None:
    url = step.path if step.path.startswith("http") else stack.url(step.base)
    if not is_allowed(url, stack.allowed_hosts):
        raise not_allowed(url, where)


def _asset_count(plan: Plan, catalogue: Path | None, used: list[PythonFlow], *, draws: bool) -> int:
    wanted = plan.popularity.assets if plan.popularity else None
    if catalogue is None:
        needing = [flow for flow in used if flow.needs_catalogue]
        if needing:
            raise TidegaugeError(
                f"flow '{needing[0].name}' needs assets, and the stack file names no catalogue",
                "make one: tidegauge catalogue create --stack FILE --assets 200",
            )
        if wanted is None and draws:
            raise TidegaugeError(
                "a path draws an asset, but there is no catalogue and no popularity.assets",
                "add [popularity] with assets, or name a catalogue in the stack file",
            )
        return wanted or 0
    rows = count_assets(catalogue)
    if wanted is not None and wanted > rows:
        raise TidegaugeError(
            f"popularity.assets is {wanted}, the catalogue {catalogue} has {rows} rows",
            f"lower assets, or create {wanted} assets",
        )
    return wanted or rows


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
        raise TidegaugeError(f"{name} {url} cannot be reached: {error}", _why_unreachable(error)) from None


def _why_unreachable(error: OSError | UnicodeError) -> str:
    """What to look at next."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "is it the name in the certificate? a private authority is named by SSL_CERT_FILE"
    if isinstance(error, ssl.SSLError):
        return "does that port speak TLS? if not, write http://"
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return "is the host's name right? nothing here knows its address"
    return "is the stack up? of a local one tidegauge stack status tells"


def check_alive(stack: Stack) -> None:
    """Refuses a local stack with a dead part (exit 2): its figures would be of something else."""
    if stack.local is None or stack.local.control_url is None:
        return
    parts = ask_supervisor(stack.local.control_url, "/status")["parts"]
    dead = [part["name"] for part in parts if not part["alive"]]
    if dead:
        raise TidegaugeError(
            f"dead: {', '.join(dead)}", "tidegauge stack down, then up; nothing is restarted silently"
        )


def check_disk(folder: Path, plan: Plan) -> None:
    """Room for the samples (exit 2)."""
    session_bytes = BYTES_A_SESSION + ROWS_A_SESSION * ROWS_STORED_RATIO[plan.samples] * BYTES_A_ROW
    needed = FREE_BYTES_MIN + math.ceil(expected_sessions(plan) * session_bytes)
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise TidegaugeError(
            f"disk full: {folder} has {free / 2**20:.0f} MiB free, the run may need {needed / 2**20:.0f} MiB",
            "free space, or name another folder with --out",
        )
