"""What 1,000 answered client requests cost: marginal, and with the architecture's fixed hours.

Requests that were not sent, or got no answer, are in no denominator: past saturation they would make a stack
look cheaper the more it fails.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from tidegauge.cost.architecture.fixed import FixedCost
from tidegauge.cost.architecture.fixed_record import fixed_hours, unpriced_parts
from tidegauge.cost.doubts import doubts
from tidegauge.cost.held_work import HeldWork, held_work
from tidegauge.cost.line_rows import cost_line, covered_usage, missing_row
from tidegauge.cost.lines import MissingPrice, PricedLine, PricedUsage, price_usage
from tidegauge.cost.loaded_curve import loaded_curve
from tidegauge.cost.money import text, to_decimal
from tidegauge.cost.prices import PriceBook, label
from tidegauge.cost.usage import UnknownUsage, Usage
from tidegauge.cost_record import CostSection, FlowCost, LoadedCurve, ServiceCost, UncountedUsage

SECONDS_PER_HOUR = 3600
US = {"geo": "us"}  # what prices by place are looked up for
ONE_DIGIT = Context(prec=1, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Requests or sessions of the window: how many the plan asked for, went out and were answered."""

    asked: int
    sent: int
    answered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCounts:
    """What a flow did in the window."""

    flow: str
    requests: Counts
    sessions: Counts


def cost_section(
    usage: Usage,
    book: PriceBook,
    *,
    flows: Sequence[FlowCounts],
    window_s: float,
    architecture: FixedCost | None,
    loaded_reason: str | None,
    no_prices: str | None = None,
    provisioned_tables: Collection[str] = (),
) -> CostSection:
    """What the window's requests cost: null with a reason where usage is unknown.

    `loaded_reason` says why there is no `architecture`, `no_prices` why no cost at all can be known. Lines of
    no flow are shared: in the total, but in no flow's figure.
    """
    tables = {*provisioned_tables, *(architecture.provisioned_tables if architecture else ())}
    priced = price_usage(usage, book, marginal=True, provisioned_tables=tables)
    requests = _together([each.requests for each in flows])
    silent = _silent_flows(priced, flows)
    reason = no_prices or _why_unknown(priced.missing, requests, silent)
    spent = priced.total_exact if reason is None else None
    fixed, why_not_loaded = _fixed_usd(architecture, window_s, loaded_reason)
    work = held_work(priced.lines, architecture, window_s)
    loaded = None if spent is None or fixed is None else spent + fixed - work.usd_held
    dates = sorted(line.origin.price_date for line in priced.lines if line.origin.price_date)
    return CostSection(
        currency=book.currency,
        prices_dated=dates[0] if dates else None,
        requests=requests.asked,
        requests_sent=requests.sent,
        requests_answered=requests.answered,
        marginal_per_1k_requests=_per_1k(spent, requests.answered),
        marginal_reason=reason,
        loaded_per_1k_requests=_per_1k(loaded, requests.answered),
        loaded_reason=None if loaded is not None else (no_prices or why_not_loaded or reason),
        loaded_curve=_curve(architecture, spent, work, requests.answered, window_s),
        by_service=() if spent is None else _by_service(priced.lines, requests.answered),
        by_flow=tuple(_flow_cost(each, priced, silent, no_prices) for each in flows),
        lines=tuple(cost_line(line) for line in priced.lines),
        unknown=_unknown(priced, usage, book),
        covered_by_fixed=tuple(covered_usage(covered) for covered in priced.covered),
        complete=architecture is None or architecture.complete,
        unpriced=() if architecture is None else unpriced_parts(architecture),
        fixed=None if architecture is None else fixed_hours(architecture),
        assumptions=_assumptions(priced.lines, usage, architecture, work),
    )


def _together(counts: Sequence[Counts]) -> Counts:
    return Counts(
        asked=sum(each.asked for each in counts),
        sent=sum(each.sent for each in counts),
        answered=sum(each.answered for each in counts),
    )


def _silent_flows(priced: PricedUsage, flows: Sequence[FlowCounts]) -> set[str]:
    """Flows with answered requests of which no usage at all is known: their cost is unknown, not zero."""
    known = {line.item.flow for line in priced.lines} | {covered.item.flow for covered in priced.covered}
    return {each.flow for each in flows if each.requests.answered and each.flow not in known}


def _why_unknown(missing: Sequence[MissingPrice], requests: Counts, silent: Collection[str]) -> str | None:
    if not requests.answered:
        return _none_answered("request", requests)
    if missing:
        first = missing[0]
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        return f"{label(first.service, first.unit, first.attributes)}: {first.reason}{more}"
    if silent:
        return f"no usage is known of flow {', '.join(sorted(silent))}"
    return None


def _fixed_usd(
    architecture: FixedCost | None, window_s: float, loaded_reason: str | None
) -> tuple[Fraction | None, str | None]:
    """USD of the fixed hours within the window, or why they are unknown."""
    if architecture is None:
        return None, loaded_reason or "the stack names no architecture"
    return architecture.hourly_exact * Fraction(Decimal(str(window_s))) / SECONDS_PER_HOUR, None


def _curve(
    architecture: FixedCost | None,
    spent: Fraction | None,
    work: HeldWork,
    requests: int,
    window_s: float,
) -> LoadedCurve | None:
    """None where the loaded cost is, for the same reason."""
    if architecture is None or spent is None:
        return None
    return loaded_curve(
        fixed_hourly=architecture.hourly_exact,
        marginal_per_1k=spent * 1000 / requests,
        rate_per_s=requests / Fraction(Decimal(str(window_s))),
        work=replace(work, usd=work.usd * 1000 / requests),
    )


def _none_answered(what: str, counts: Counts) -> str:
    found = f"{counts.asked:,} asked, {counts.sent:,} sent" if counts.asked else "none was asked"
    return f"no {what} of the measured window was answered ({found})"


def _flow_cost(
    counts: FlowCounts, priced: PricedUsage, silent: Collection[str], no_prices: str | None
) -> FlowCost:
    flow, requests, sessions = counts.flow, counts.requests, counts.sessions
    own = [missing for missing in priced.missing if missing.flow in (flow, None)]
    reason = no_prices or _why_unknown(own, requests, {flow} & set(silent))
    lines = [line for line in priced.lines if line.item.flow == flow]
    spent = None if reason else sum((line.amount_exact for line in lines), Fraction(0))
    return FlowCost(
        flow=flow,
        requests=requests.asked,
        requests_sent=requests.sent,
        requests_answered=requests.answered,
        sessions=sessions.asked,
        sessions_sent=sessions.sent,
        sessions_answered=sessions.answered,
        per_1k_requests=_per_1k(spent, requests.answered),
        per_1k_sessions=_per_1k(spent, sessions.answered),
        by_service=() if reason else _by_service(lines, requests.answered),
        reason=reason or (None if sessions.answered else _none_answered("session", sessions)),
    )


def _by_service(lines: Sequence[PricedLine], requests: int) -> tuple[ServiceCost, ...]:
    """Each service's part of the cost per 1,000 requests, the dearest first."""
    spent: dict[str, Fraction] = {}
    for line in lines:
        spent[line.item.service] = spent.get(line.item.service, Fraction(0)) + line.amount_exact
    dearest = sorted(spent.items(), key=lambda part: (-part[1], part[0]))
    return tuple(
        ServiceCost(service=service, per_1k_requests=_per_1k(usd, requests)) for service, usd in dearest
    )


def _per_1k(spent: Fraction | None, count: int) -> str | None:
    return None if spent is None or not count else text(spent * 1000 / count)


def _unknown(priced: PricedUsage, usage: Usage, book: PriceBook) -> tuple[UncountedUsage, ...]:
    """First what makes a figure null, then what lies outside the figures."""
    blocking = [UncountedUsage(**missing_row(missing), blocking=True) for missing in priced.missing]
    outside = [
        UncountedUsage(
            service=gap.service,
            unit=gap.unit,
            attributes={},
            flow=gap.flow,
            reason=gap.reason,
            hint="",
            blocking=False,
            about_per_1k_requests=_order_of_size(gap, book),
        )
        for gap in usage.unknown
        if not gap.blocking
    ]
    return (*blocking, *outside)


def _order_of_size(gap: UnknownUsage, book: PriceBook) -> str | None:
    """USD of 1,000 requests to one digit, where the gap says how many units they would take."""
    price = book.find(gap.service, gap.unit, {}) or book.find(gap.service, gap.unit, US)
    if gap.units_per_1k is None or price is None:
        return None
    usd = to_decimal(Fraction(gap.units_per_1k) * price.unit_price(price.tiers[0]))
    return text(ONE_DIGIT.plus(usd))


def _assumptions(
    lines: Sequence[PricedLine], usage: Usage, architecture: FixedCost | None, work: HeldWork
) -> tuple[str, ...]:
    """What the figures rest on, each once."""
    found = [*usage.notes]
    if any(line.item.flow is None for line in lines):
        found.append("lines without a flow are shared: they are in the total and in no flow's figure")
    if work.usd_held:
        share = f"{float(min(work.held_ratio, Fraction(1))):.0%}"
        found.append(
            f"{share} of the task seconds fit into the fixed hours of {', '.join(work.services)}: the loaded "
            "cost counts them once, the marginal cost has them all"
        )
    found += doubts(lines)
    return tuple(dict.fromkeys([*found, *(architecture.assumptions if architecture else ())]))
