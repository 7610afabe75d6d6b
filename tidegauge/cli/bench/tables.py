"""The bench's cells and profiles as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.table import Table
from rich.text import Text

from tidegauge.cli.output import people, printable, say
from tidegauge.dollars import usd

NONE = "n/a"
MILLION = 1_000_000
SPOT = "-spot"
BAR_WIDTH = 8  # characters of the longest wall time in a table
_LEFT = ("rendition", "profile", "how", "")


def print_bench(document: Mapping[str, Any]) -> None:
    """Tables of what was measured, then what was skipped, and what the costs rest on."""
    measured = [cell for cell in document["cells"] if cell["wall_s"] is not None]
    several = len({cell["profile"] for cell in measured}) > 1
    label = "profile" if several else "rendition"
    for title in dict.fromkeys(_title(cell, several) for cell in measured):
        people.print(_table(title, label, [cell for cell in measured if _title(cell, several) == title]))
    if any(cell["unstable"] for cell in measured):
        say("~ unstable: its rounds differ too much; measure again on a quieter machine")
    skipped: dict[str, int] = {}
    for cell in document["cells"]:
        if cell["wall_s"] is None:
            reason = f"skipped {cell['profile']}: {cell['reason']}"
            skipped[reason] = skipped.get(reason, 0) + 1
    for reason, cells in skipped.items():
        say(f"{reason} ({cells} cells)" if cells > 1 else reason)
    if any(cell["cost_usd_per_asset"] is not None for cell in measured):
        terms = {name: document["task_use"][name]["value"] for name in ("cold_start_s", "jobs_per_task")}
        say(
            f"per 1M: for a million assets, with a task's start ({terms['cold_start_s']:g} s) shared by "
            f"{terms['jobs_per_task']:,g} jobs; egress apart"
        )


def _title(cell: Mapping[str, Any], several_profiles: bool) -> str:
    """Above the rows of one rendition on several profiles, or of one profile."""
    if not several_profiles:
        return f"{cell['media']} on {cell['profile']}"
    return f"{cell['media']} → {cell['rendition']}: {cell['bytes_out']:,} bytes, VMAF {_vmaf(cell)}"


def _table(title: str, label: str, cells: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(
        box=None, padding=(0, 1, 0, 0), title=Text(printable(title), style="bold"), title_justify="left"
    )
    of_output = {"bytes": _bytes, "VMAF": _vmaf} if label == "rendition" else {}
    spot = {_on_demand(cell): cell for cell in cells if cell["profile"].endswith(SPOT)}
    twins = {cell["profile"] for cell in cells} & set(spot)  # shown in the row of the same size on demand
    headings = (
        label,
        "how",
        "",
        "wall s",
        "CPU s",
        "peak MB",
        *of_output,
        "per 1M",
        *([SPOT] if twins else []),
    )
    for heading in headings:
        table.add_column(heading, justify="left" if heading in _LEFT else "right", no_wrap=True)
    longest_s = max(cell["wall_s"] for cell in cells)
    for cell in cells:
        if cell["profile"].endswith(SPOT) and _on_demand(cell) in twins:
            continue
        twin = [_per_million(spot[cell["profile"]]["cost_usd_per_asset"])] if cell["profile"] in twins else []
        table.add_row(
            Text(printable(cell[label])),
            cell["provenance"],
            "█" * max(1, round(BAR_WIDTH * cell["wall_s"] / longest_s)),
            f"{cell['wall_s']:.2f}{'~' if cell['unstable'] else ''}",
            f"{cell['cpu_s']:.2f}",
            f"{cell['rss_peak_mb']:.0f}",
            *(shown(cell) for shown in of_output.values()),
            _per_million(cell["cost_usd_per_asset"]),
            *twin,
        )
    return table


def _on_demand(cell: Mapping[str, Any]) -> str:
    return str(cell["profile"]).removesuffix(SPOT)


def _bytes(cell: Mapping[str, Any]) -> str:
    return f"{cell['bytes_out']:,}"


def _vmaf(cell: Mapping[str, Any]) -> str:
    return NONE if cell["vmaf_mean"] is None else f"{cell['vmaf_mean']:.1f}"


def _per_million(written: str | None) -> str:
    return NONE if written is None else usd(Decimal(written) * MILLION)


def print_profiles(document: Mapping[str, Any]) -> None:
    """A row a size, its Spot price beside it."""
    rows = {row["name"]: row for row in document["profiles"]}
    table = Table(box=None, padding=(0, 1, 0, 0))
    for heading in ("profile", "vCPU", "GB", "GPU", "per hour", f"per hour {SPOT}", "here"):
        left = heading in ("profile", "GPU", "here")
        table.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for row in rows.values():
        if row["capacity"] == "spot":
            continue
        spot = rows.get(f"{row['name']}{SPOT}")
        table.add_row(
            row["name"],
            f"{row['vcpu']:g}",
            f"{row['memory_gb']:.4g}",
            row["gpu"] or "",
            _per_hour(row),
            "" if spot is None else _per_hour(spot),
            row["here"],
        )
    people.print(table)
    for reason in dict.fromkeys(row["reason"] for row in rows.values() if row["reason"]):
        say(f"skipped: {reason}")
    for name, meaning in document["groups"].items():
        say(f"--profile {name}: {meaning}")
    say("Fargate has no GPU: ec2-gpu profiles are whole EC2 instances under ECS, with the fee of its Managed")
    say("Instances (M). -spot is a profile of its own, at 0.30 x on demand, an assumption (M).")


def _per_hour(row: Mapping[str, Any]) -> str:
    return NONE if row["usd_per_hour"] is None else usd(Decimal(row["usd_per_hour"]))
