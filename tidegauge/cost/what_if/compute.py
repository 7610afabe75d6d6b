"""What-ifs of Fargate tasks: Graviton, and a share of them on Spot."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if.change import Change, Traffic
from tidegauge.cost.what_if.month import Month, times, with_attribute
from tidegauge.cost.what_if.traffic import of_units, with_items
from tidegauge.dollars import usd

TASK_UNITS = ("vcpu_second", "gb_second")
SPOT_SHARE = Fraction(7, 10)  # where no note says otherwise
BAND = (Fraction(2, 10), Fraction(1))  # Spot is taken to vary between these shares of the on-demand price


def graviton(month: Month) -> Iterator[Change]:
    """The same seconds on ARM."""

    def moved(_at: int, item: UsageItem) -> UsageItem:
        return with_attribute(item, "arch", "arm") if _is_task(item, "arch", "x86") else item

    if any(_is_task(item, "arch", "x86") for item in month.usage.items):
        after = month.changed(moved)
        yield Change(
            id="graviton",
            title="Fargate on Graviton (ARM)",
            items=after,
            message="the same vCPU and GB seconds; images must be built for ARM",
            assumptions=("a task takes as long on ARM: bench transcode measures the core on both",),
            traffic=_task_traffic(month, after),
            no_break_even="no task runs",
        )


def spot(month: Month) -> Iterator[Change]:
    """A share of the interruptible on-demand seconds on Spot."""
    share = month.notes.get("spot_share", SPOT_SHARE)
    tasks = [
        (at, item)
        for at, item in enumerate(month.usage.items)
        if _is_task(item, "capacity", "on_demand") and month.may_be_interrupted(at)
    ]
    if not tasks:
        return
    moved = tuple(with_attribute(times(item, share), "capacity", "spot") for _, item in tasks)
    at_all = {at for at, _ in tasks}
    kept = month.changed(lambda at, item: times(item, 1 - share) if at in at_all else item)
    lines = month.lines(tuple(item for _, item in tasks))
    spent = sum((line.amount_exact for line in lines), Fraction(0))
    low, high = (usd(spent * share * (1 - part)) for part in BAND)
    yield Change(
        id="spot",
        title=f"{float(share):.0%} of interruptible Fargate tasks on Spot",
        items=(*kept, *moved),
        message=f"Spot prices vary: it saves {high} at the on-demand price and {low} at a fifth of it",
        confidence="M",
        assumptions=(
            "Spot at 0.30 x on demand",
            "work that is interrupted is done again within two minutes' notice, at no cost that is counted",
            "all Fargate tasks may be interrupted"
            if month.interruptible is None
            else "only tasks whose hours depend on load may be interrupted",
        ),
        traffic=_task_traffic(month, (*kept, *moved)),
        no_break_even="no task runs",
    )


def _task_traffic(month: Month, after: tuple[UsageItem, ...]) -> Traffic | None:
    """Both sides with more or fewer seconds of tasks."""
    now = month.quantity("fargate", "vcpu_second")
    return with_items(month, after, "fargate vcpu_second", now, of_units("fargate", *TASK_UNITS))


def _is_task(item: UsageItem, attribute: str, value: str) -> bool:
    return (
        item.service == "fargate"
        and item.unit in TASK_UNITS
        and dict(item.attributes).get(attribute) == value
    )
