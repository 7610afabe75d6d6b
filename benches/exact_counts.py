"""Does usage.json say what happened in a local run? Every item against a count made elsewhere.

    python -m benches.exact_counts --seconds 60

Brings a local stack of its own up with a logging proxy before its API, S3, DynamoDB and SQS, sends at least
5,000 requests of mixed traffic with uploads, and compares usage.json item by item with the edge's access log,
the proxy's logs, Valkey's INFO, SeaweedFS' metrics and listing, and DynamoDB's units worked out by hand from
the requests and the items. Exit code 10 when anything differs.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benches.arguments import parser_of
from benches.counting_proxy import CountingProxy, counting_proxy
from benches.independent_counts import Row, Surroundings, Usage, compare, look
from benches.target import ROOT, run, run_command
from infra_under_test.local import ports
from infra_under_test.local.parts import PORT_NAMES
from tidegauge.cost.money import text
from tidegauge.summary import Summary

REQUESTS_MIN = 5000
DIFFERENT = 10
PROXIED = ("api", "s3", "dynamodb", "sqs")
TAIL_S = 60  # seconds without arrivals at the end: every request of a session falls into the window
QUIET_S = 4.0  # by then all that the catalogue caused is done and written down
PLAN = """
name = "exact-counts"
seed = 5
drain_s = 120
[[arrivals]]
shape = "constant"
rate_per_s = {rate}
duration_s = {seconds}
[[arrivals]]
shape = "constant"
rate_per_s = 0
duration_s = {tail}
[mix]
view = 0.8
short_link = 0.18
upload = 0.02
"""
WITHOUT_ANOTHER_COUNT = (
    (
        "the flow of an item",
        "only the client knows which flow sent a request: flows are compared in their sum",
    ),
    ("fargate gb_second", "the same busy seconds as vcpu_second, times the task's memory"),
    ("polls of no flow", "meters are written once a second: a poll within that second may be on either side"),
)


def main() -> int:
    """0 when all counts are equal."""
    parser = parser_of(__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of arrivals")
    parser.add_argument("--rate", type=float, default=12.0, help="sessions a second, about ten requests each")
    parser.add_argument("--assets", type=int, default=20, help="in the catalogue")
    parser.add_argument("--keep", type=Path, help="keep the run folder here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidegauge-counts-") as name:
        folder = Path(name)
        with stack(folder) as (descriptor, around):
            catalogue(descriptor, asked.assets)
            before = look(around)
            plan = folder / "plan.toml"
            plan.write_text(PLAN.format(rate=asked.rate, seconds=asked.seconds, tail=TAIL_S), "utf-8")
            out = asked.keep or folder / "run"
            summary = run(run_command(plan, descriptor, out))
            after = look(around)
            usage, stack_usage = (
                json.loads((out / file).read_text("utf-8")) for file in ("usage.json", "stack_usage.json")
            )
            rows = compare(Usage(usage), stack_usage, around, before, after)
    return report(rows, summary)


@contextlib.contextmanager
def stack(folder: Path) -> Iterator[tuple[Path, Surroundings]]:
    """A stack behind a counting proxy: a descriptor that leads through it, and the ways past it."""
    own = ports.choose(PORT_NAMES, {}, (), random.Random())  # not for secrets
    before = ports.choose(PROXIED, {}, own.values(), random.Random())
    with (
        counting_proxy(folder / "proxy", {name: (own[name], before[name]) for name in PROXIED}) as proxy,
        held_stack(folder, own, proxy) as status,
    ):
        directory = Path(status["descriptor"]).parent
        descriptor = folder / "stack.toml"
        descriptor.write_text(through(Path(status["descriptor"]).read_text("utf-8"), own, proxy), "utf-8")
        yield (
            descriptor,
            Surroundings(
                edge_log=directory / "edge-access.jsonl",
                ports=own,
                credentials=credentials(directory / "s3" / "s3.json"),
                proxy=proxy,
            ),
        )


def through(descriptor: str, own: dict[str, int], proxy: CountingProxy) -> str:
    """The descriptor with the proxy's addresses for those of the parts behind it, allowed hosts included."""
    for name, url in proxy.urls.items():
        descriptor = descriptor.replace(f"127.0.0.1:{own[name]}", url.removeprefix("http://"))
    return descriptor


@contextlib.contextmanager
def held_stack(folder: Path, own: dict[str, int], proxy: CountingProxy) -> Iterator[dict[str, Any]]:
    """The stack itself on known ports; it ends with this process, whatever happens."""
    command = [sys.executable, "-m", "infra_under_test.local", "up", "--name", f"exact-{os.getpid()}"]
    command += ["--hold-stdin", *_options("--port", own)]
    command += _options(
        "--set-env", {f"AWS_ENDPOINT_URL_{name.upper()}": proxy.urls[name] for name in PROXIED[1:]}
    )
    state = folder / "state"
    state.mkdir(mode=0o700)
    environment = {**os.environ, "TIDEGAUGE_STATE_DIR": str(state)}
    starter = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert starter.stdin is not None
    assert starter.stdout is not None
    try:
        status: dict[str, Any] = json.loads(starter.stdout.read())
        if "error" in status:
            sys.exit(f"error: {status['error']['message']}")
        yield status
    finally:
        starter.stdin.close()
        starter.wait()
        _await_end(state)


def _options(flag: str, values: dict[str, Any]) -> list[str]:
    return [word for name, value in values.items() for word in (flag, f"{name}={value}")]


def _await_end(state: Path) -> None:
    """Waits until the supervisor has removed what it made."""
    deadline = time.monotonic() + 10
    while state.exists() and any(map(Path.is_dir, state.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.1)


def credentials(config: Path) -> dict[str, str]:
    """The stack's own account, as SeaweedFS was told."""
    key = json.loads(config.read_text("utf-8"))["identities"][0]["credentials"][0]
    return {"aws_access_key_id": key["accessKey"], "aws_secret_access_key": key["secretKey"]}


def catalogue(descriptor: Path, assets: int) -> None:
    """Makes assets to draw from, then waits until the stack is quiet."""
    command = [sys.executable, "-m", "tidegauge", "catalogue", "create", "--stack", str(descriptor)]
    done = subprocess.run(
        [*command, "--assets", str(assets), "--json"], cwd=ROOT, capture_output=True, check=False
    )
    if done.returncode:
        sys.exit(f"error: no catalogue: {done.stdout.decode()[-500:]}")
    time.sleep(QUIET_S)


def report(rows: Sequence[Row], summary: Summary) -> int:
    """The table on stdout; 0 when all is equal and there was enough of it."""
    head = ("ITEM", "USAGE.JSON", "INDEPENDENT", "EQUAL", "COUNTED BY")
    cells = [head, *(_cells(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    for row in cells:
        left, right = row[0].ljust(widths[0]), [row[column].rjust(widths[column]) for column in (1, 2, 3)]
        print("  ".join([left, *right, row[4]]))  # noqa: T201
    for item, why in WITHOUT_ANOTHER_COUNT:
        print(f"no other count of {item}: {why}")  # noqa: T201
    requests, different = summary.total.count, [row for row in rows if not row.equal]
    print(  # noqa: T201
        f"{requests} requests, {summary.total.failures} failed; "
        f"{len(rows) - len(different)} of {len(rows)} counts are equal"
    )
    if requests < REQUESTS_MIN:
        print(f"error: {requests} requests are fewer than {REQUESTS_MIN}: raise --seconds")  # noqa: T201
    return DIFFERENT if different or requests < REQUESTS_MIN else 0


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    shown = text(row.independent) + (f" ± {text(row.slack)}" if row.slack else "")
    usage = re.sub(r"(\.\d{3})\d+", r"\1", text(row.usage))
    return row.item, usage, shown, "yes" if row.equal else "NO", row.by


if __name__ == "__main__":
    sys.exit(main())
