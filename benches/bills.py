"""A bill of a million rows and more, reconciled: how long it takes, and how much memory.

    python -m benches.bills --rows 100000 1000000    as gzip and as Parquet, made up first

Every row is unlike every other, so that nothing of it can be added up before it is read. The figures are of
a process of `cost reconcile`; its memory is the highest resident set.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benches.arguments import parser_of
from tests.support.billed_exports import CUR2_COLUMNS, Charge, rows_of, write_csv, write_parquet

HOURS = 720
TAGS = 5
MB = 1e6
ESTIMATE = """name = "queue"
[[line]]
id = "calls"
service = "sqs"
unit = "standard_request"
quantity = 1_000_000
price = 0.4
"""


def main() -> int:
    """0 when each bill's total is that of its rows."""
    parser = parser_of(__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidegauge-bills-") as folder:
        return max(
            reconcile(Path(folder), rows, suffix) for rows in asked.rows for suffix in (".csv.gz", ".parquet")
        )


def reconcile(folder: Path, rows: int, suffix: str) -> int:
    """Makes one bill, reads it, and prints what that took."""
    bill, estimate = folder / f"bill{suffix}", folder / "estimate.toml"
    estimate.write_text(ESTIMATE, encoding="utf-8")
    # Made elsewhere: a process starts with the highest resident set of the one that starts it.
    maker = multiprocessing.get_context("spawn").Process(target=make, args=(bill, rows))
    maker.start()
    maker.join()
    command = [
        sys.executable,
        "-m",
        "tidegauge",
        "cost",
        "reconcile",
        str(bill),
        "--estimate",
        str(estimate),
        "--json",
    ]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        document = json.loads(process.stdout.read())
        _pid, _status, used = os.wait4(process.pid, 0)
        process.returncode = 0
    seconds = time.perf_counter() - began
    total = rows * (rows - 1) // 2  # of 0, 1, 2 … hundred-millionths of a dollar
    is_right = document["bill_total"] == f"{total / 1e8:.8f}".rstrip("0").rstrip(".")
    print(  # noqa: T201
        f"{rows:>10,} rows, {suffix}, {bill.stat().st_size / MB:,.0f} MB: {seconds:.1f} s, at most "
        f"{used.ru_maxrss * 1024 / MB:,.0f} MB; total {'right' if is_right else 'WRONG'}",
        flush=True,
    )
    return 0 if is_right else 1


def make(bill: Path, rows: int) -> None:
    """The bill as a file."""
    write = write_parquet if bill.suffix == ".parquet" else write_csv
    write(bill, CUR2_COLUMNS, rows_of("cur2", charges(rows)))


def charges(rows: int) -> Iterator[Charge]:
    """Hourly calls of a queue; row n costs n hundred-millionths of a dollar."""
    month = datetime(2026, 11, 1, tzinfo=UTC)
    hours = [f"{month + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}" for hour in range(HOURS + 1)]
    for number in range(rows):
        hour = number % HOURS
        yield Charge(
            product="AWSQueueService",
            usage_type="Requests-RBP",
            unit="Requests",
            quantity=f"{number}.5",
            rate="0.0000004",
            cost=f"{number // 10**8}.{number % 10**8:08}",
            description="$0.40 per million Amazon SQS standard requests",
            tags={"user_project": f"project-{number % TAGS}"},
            start=hours[hour],
            end=hours[hour + 1],
        )


if __name__ == "__main__":
    sys.exit(main())
