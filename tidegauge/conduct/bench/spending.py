"""What a bench on ECS asks for and may cost, before anything is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tidegauge.aws.task import TaskSize
from tidegauge.conduct.bench.child import call_bench
from tidegauge.cost.bench_spend import Spend, TaskLoad, bench_spend
from tidegauge.cost.money import text
from tidegauge.dollars import usd
from tidegauge.errors import ExitCode, TidegaugeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A bench on ECS as the command line asks for it."""

    stack: Path
    profiles: tuple[str, ...]
    media: tuple[Path, ...]
    renditions: tuple[str, ...]
    renditions_file: Path | None
    rounds: int
    quality: bool
    words: tuple[str, ...]  # further options of the bench, passed on as they are
    tasks: int
    limit_s: float
    budget_usd: Decimal | None
    dry_run: bool


def check(asked: Asked) -> Any:
    """Media, renditions and profiles as the benches here know them; their error is ours."""
    arguments: list[str] = []
    for option, values in (
        ("--media", [path.resolve() for path in asked.media]),
        ("--rendition", asked.renditions),
        ("--profile", asked.profiles),
        ("--renditions", [asked.renditions_file.resolve()] if asked.renditions_file else []),
    ):
        for value in values:
            arguments += [option, str(value)]
    return call_bench("benches.transcode.remote_check", arguments).document


def plan_spend(asked: Asked, checked: Any, region: str) -> Spend:
    """Expected and greatest dollars; above the budget, or without prices to hold it by, exit 13."""
    known = region == checked["region"]
    loads = [
        TaskLoad(
            profile=profile["name"],
            usd_per_hour=Decimal(profile["usd_per_hour"]) if known and profile["usd_per_hour"] else None,
            vcpu=profile["vcpu"],
            cells=len(checked["media"]) * len(checked["renditions"]),
            rounds=asked.rounds,
            quality=asked.quality,
        )
        for profile in checked["profiles"]
    ]
    spend = bench_spend(loads, asked.tasks, asked.limit_s)
    if asked.budget_usd is None:
        return spend
    if spend.at_most_usd is None:
        raise TidegaugeError(
            f"no price in {region} is known for {', '.join(spend.unpriced)}, so no budget can be held",
            "leave --budget out, or measure where the price book has prices",
            ExitCode.REFUSED,
        )
    if spend.at_most_usd > asked.budget_usd:
        raise TidegaugeError(
            f"{spend.tasks} tasks of up to {asked.limit_s / 60:g} minutes cost up to "
            f"{usd(spend.at_most_usd)}, above the budget of {usd(asked.budget_usd)}",
            "fewer --tasks or profiles, less --task-minutes, or a higher --budget",
            ExitCode.REFUSED,
        )
    return spend


def announcement(spend: Spend, asked: Asked, sizes: Sequence[TaskSize]) -> str:
    """What is about to be spent, in a sentence."""
    dollars = (
        f"about {usd(spend.expected_usd)}, at most {usd(spend.at_most_usd)}"
        if spend.expected_usd is not None and spend.at_most_usd is not None
        else f"unknown dollars: no price for {', '.join(spend.unpriced)}"
    )
    return (
        f"{asked.tasks} task(s) of each of {len(sizes)} profile(s), each up to {asked.limit_s / 60:g} "
        f"minutes: {dollars} at list prices"
    )


def dry_run_document(spend: Spend, sizes: Sequence[TaskSize]) -> dict[str, Any]:
    """What `--dry-run --json` prints."""
    return {
        "dry_run": True,
        "tasks": spend.tasks,
        "profiles": [size.name for size in sizes],
        "expected_usd": None if spend.expected_usd is None else text(spend.expected_usd),
        "at_most_usd": None if spend.at_most_usd is None else text(spend.at_most_usd),
    }
