"""What-ifs of DynamoDB: on demand against provisioned capacity, both ways, with the break-even."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if.change import Change, Traffic
from tidegauge.cost.what_if.month import Month, some, times
from tidegauge.cost.what_if.traffic import between, of_units, with_items
from tidegauge.cost.words import count

# (capacity held, requests, the note that says how many a month)
KINDS = (
    ("read_capacity_unit_hour", "read_request_unit", "provisioned_reads_per_month"),
    ("write_capacity_unit_hour", "write_request_unit", "provisioned_writes_per_month"),
)
# Target tracking holds provisioned capacity at this use, where no note says otherwise.
UTILISATION = Fraction(7, 10)
SECONDS_PER_HOUR = 3600


def on_demand(month: Month) -> Iterator[Change]:
    """Tables with provisioned capacity billed by request instead."""
    held = [item for item in month.usage.items if item.unit in {kind[0] for kind in KINDS}]
    if not held:
        return
    title, units = "Provisioned tables on demand", [month.notes.get(kind[2]) for kind in KINDS]
    message = _pays_below(month)
    if any(unit is None for unit in units):
        names = " and ".join(kind[2] for kind in KINDS)
        none = f"how many there are is not known: give {names}"
        yield Change(
            id="dynamodb_on_demand",
            title=title,
            items=None,
            message=f"{message}; {none}",
            no_break_even=none,
        )
        return
    requests = tuple(
        some("dynamodb", kind[1], unit) for kind, unit in zip(KINDS, units, strict=True) if unit is not None
    )
    rest = month.without(lambda item: item in held)
    yield Change(
        id="dynamodb_on_demand",
        title=title,
        items=(*rest, *requests),
        message=message,
        traffic=_request_traffic(month, rest, requests),
        no_break_even="the tables serve no requests",
    )


def _pays_below(month: Month) -> str:
    """The requests, reads or writes alone, that cost as much as the capacity that is held."""
    breaks, shares = [], []
    for capacity, request, _note in KINDS:
        held, asked = month.list_price("dynamodb", capacity), month.list_price("dynamodb", request)
        if not held or not asked:
            return "the price book does not have all prices of requests and capacity"
        spent = month.quantity("dynamodb", capacity) * held
        breaks.append(f"{count(Fraction(round(spent / asked)))} {request}s")
        # The share of a capacity unit's 3,600 requests an hour above which it costs less than they do.
        shares.append(f"{float(held / (asked * SECONDS_PER_HOUR)):.1%}")
    return (
        f"on demand costs less below {' or '.join(breaks)} a month"
        f" (capacity used less than {'; '.join(shares)}, reads and writes, over the whole month)"
    )


def _request_traffic(
    month: Month, rest: tuple[UsageItem, ...], requests: tuple[UsageItem, ...]
) -> Traffic | None:
    """The same capacity, serving more or fewer requests of the same mix."""
    now = sum((Fraction(item.quantity) for item in requests), Fraction(0))
    if not now:
        return None
    return between(
        month,
        unit="dynamodb request_unit",
        now=now,
        before=lambda _units: month.usage.items,
        after=lambda units: (*rest, *(times(item, units / now) for item in requests)),
    )


def provisioned(month: Month) -> Iterator[Change]:
    """Tables on demand with provisioned capacity instead, used to 70 % on average."""
    used = [month.quantity("dynamodb", kind[1]) for kind in KINDS]
    if not any(used):
        return
    utilisation = month.notes.get("capacity_utilisation", UTILISATION)
    hours = Fraction(month.book.hours_per_month)
    capacities = tuple(
        some("dynamodb", kind[0], Fraction(quantity) / SECONDS_PER_HOUR / utilisation)
        for kind, quantity in zip(KINDS, used, strict=True)
    )
    rest = month.without(lambda item: item.service == "dynamodb" and item.unit in {kind[1] for kind in KINDS})
    mean = Fraction(used[0]) / SECONDS_PER_HOUR / hours
    units = tuple(unit for kind in KINDS for unit in kind[:2])
    yield Change(
        id="dynamodb_provisioned",
        title=f"On-demand tables provisioned, {float(utilisation):.0%} used",
        items=(*rest, *capacities),
        traffic=with_items(
            month,
            (*rest, *capacities),
            "dynamodb request_unit",
            sum(used, Fraction(0)),
            of_units("dynamodb", *units),
        ),
        message=f"a mean of {count(mean, 3)} reads a second; peaks above the capacity are throttled",
        assumptions=("capacity follows the load so that its mean use is as said; a flat one costs more",),
    )
