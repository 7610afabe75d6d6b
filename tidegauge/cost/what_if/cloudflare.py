"""What if the stack were Cloudflare's: R2, Workers and KV in place of AWS' services, unit by unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from tidegauge.cost.line_rows import line_row
from tidegauge.cost.lines import PricedLine, price_usage
from tidegauge.cost.money import text
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if.compute import TASK_UNITS
from tidegauge.cost.what_if.counterparts import Counterpart, Counterparts
from tidegauge.cost.what_if.dynamodb import KINDS
from tidegauge.cost.what_if.month import Month, some

BOOK = "cloudflare"  # the name of its price book
EDGE = ("http_request", "https_request")
Fate = Literal["moved", "gone", "kept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What becomes of one AWS unit; `there` is its USD a month in the other stack."""

    service: str
    unit: str
    fate: Fate
    here: Fraction
    there: Fraction
    how: str
    priced: tuple[PricedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A month in a stack of another provider; USD a month."""

    here: Fraction
    there: Fraction
    parts: tuple[Part, ...]  # and what comes on top, with an empty `unit`
    confidence: str
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """What one AWS unit turns into."""

    fate: Fate
    how: str
    items: tuple[UsageItem, ...] = ()


def on_cloudflare(month: Month, book: PriceBook, counterparts: Counterparts) -> Elsewhere | None:
    """The month on R2, Workers, KV, Durable Objects and Containers; None where AWS' total is not known.

    What has no counterpart among the book's prices stays at AWS' price: nothing is left out to make it cheap.
    """
    here = month.total()
    if here is None:
        return None
    moves = _moves(month, counterparts.rules)
    top = {"Workers Paid plan": (some("workers", "plan_month", Fraction(1)),)}
    if month.has("waf"):
        top["Pro plan of the zone"] = (some("zone", "plan_month", Fraction(1), plan="pro"),)
    items = [
        *(item for move in moves.values() for item in move.items),
        *(i for each in top.values() for i in each),
    ]
    usage = replace(month.usage, region=book.region, items=tuple(items), unknown=())
    priced = price_usage(usage, book, marginal=False, free_tier=True)
    if priced.missing:
        return None
    before = _sums(month.lines(month.usage.items))
    parts = [_part(unit, before.get(unit, Fraction(0)), move, priced.lines) for unit, move in moves.items()]
    parts += [_on_top(name, items, priced.lines) for name, items in top.items()]
    if month.kept:
        how = "amounts without units stay as they are"
        parts.append(_stays("as estimated", month.kept, how))
    return Elsewhere(
        here=here,
        there=sum((part.there for part in parts), Fraction(0)),
        parts=tuple(parts),
        confidence=_least(line.origin.confidence for line in priced.lines),
        assumptions=_assumptions(month),
    )


def elsewhere_document(name: str, found: Elsewhere) -> dict[str, object]:
    """A comparison as documents carry it: USD as decimal strings."""
    return {
        "name": name,
        "aws": text(found.here),
        "there": text(found.there),
        "saves_usd_per_month": text(found.here - found.there),
        "confidence": found.confidence,
        "rows": [
            {
                "service": part.service,
                "unit": part.unit or None,
                "fate": part.fate,
                "aws": text(part.here),
                "there": text(part.there),
                "how": part.how,
                "priced": [line_row(line) for line in part.priced],
            }
            for part in found.parts
        ],
        "assumptions": list(found.assumptions),
    }


def _moves(month: Month, rules: Sequence[Counterpart]) -> dict[tuple[str, str], _Move]:
    """{(service, unit): what becomes of it}, in the order of the month."""
    moves: dict[tuple[str, str], _Move] = {}
    for at, item in enumerate(month.usage.items):
        move = _special(month, at, item) or _by_rule(item, rules)
        named = (item.service, item.unit)
        before = moves.get(named)
        moves[named] = move if before is None else replace(before, items=(*before.items, *move.items))
    return moves


def _by_rule(item: UsageItem, rules: Sequence[Counterpart]) -> _Move:
    rule = next((rule for rule in rules if rule.fits(item.service, item.unit)), None)
    if rule is None:
        return _Move(fate="kept", how="no counterpart is priced here: AWS' price stays")
    if rule.to is None:
        return _Move(fate="gone", how=rule.gone or "")
    new = some(*rule.to, Fraction(item.quantity) * Fraction(rule.factor), **rule.attributes)
    return _Move(fate="moved", how=rule.how, items=(new,))


def _special(month: Month, at: int, item: UsageItem) -> _Move | None:
    """What depends on more of the month than the unit itself."""
    if item.service == "cloudfront" and item.unit in EDGE and month.has("lambda_edge"):
        run = some("workers", "request", Fraction(item.quantity))
        return _Move(fate="moved", how="a Worker runs at each, as the edge functions do", items=(run,))
    if item.service == "elasticache" and item.unit == "node_hour":
        calls = month.quantity("apigateway", "http_request")
        first = next(each for each in month.usage.items if each.service == "elasticache")
        asked = (some("durable_objects", "request", calls),) if calls and item is first else ()
        return _Move(fate="moved", how="Durable Objects, asked once an API request", items=asked)
    is_task = item.service == "fargate" and item.unit in TASK_UNITS
    if is_task and month.interruptible is not None and not month.may_be_interrupted(at):
        return _api_task(month, item)
    held = {capacity: (unit, note) for capacity, unit, note in KINDS}
    if item.service == "dynamodb" and item.unit in held:
        unit, note = held[item.unit]
        if note not in month.notes:
            return _Move(fate="kept", how=f"how many requests it serves is not known: give {note}")
        asked = (some("kv", "read" if unit.startswith("read") else "write", month.notes[note]),)
        return _Move(fate="moved", how="the requests that it serves", items=asked)
    return None


def _api_task(month: Month, item: UsageItem) -> _Move | None:
    """A task whose hours do not depend on load answers the API: a Worker can, within its CPU limit."""
    cpu_ms = month.notes.get("api_cpu_ms")
    if cpu_ms is None:
        return None
    if item.unit != "vcpu_second":
        return _Move(fate="moved", how="Workers' memory is included")
    spent = month.quantity("apigateway", "http_request") * cpu_ms
    return _Move(
        fate="moved",
        how="Workers, for the CPU time of API requests",
        items=(some("workers", "cpu_ms", spent),),
    )


def _part(unit: tuple[str, str], here: Fraction, move: _Move, lines: Sequence[PricedLine]) -> Part:
    own = tuple(line for line in lines if any(line.item is item for item in move.items))
    there = here if move.fate == "kept" else sum((line.amount_exact for line in own), Fraction(0))
    return Part(
        service=unit[0], unit=unit[1], fate=move.fate, here=here, there=there, how=move.how, priced=own
    )


def _on_top(name: str, items: Sequence[UsageItem], lines: Sequence[PricedLine]) -> Part:
    own = tuple(line for line in lines if any(line.item is item for item in items))
    there = sum((line.amount_exact for line in own), Fraction(0))
    return Part(service=name, unit="", fate="moved", here=Fraction(0), there=there, how="a month", priced=own)


def _stays(name: str, amount: Fraction, how: str) -> Part:
    return Part(service=name, unit="", fate="kept", here=amount, there=amount, how=how, priced=())


def _sums(lines: Iterable[PricedLine]) -> dict[tuple[str, str], Fraction]:
    sums: dict[tuple[str, str], Fraction] = {}
    for line in lines:
        named = (line.item.service, line.item.unit)
        sums[named] = sums.get(named, Fraction(0)) + line.amount_exact
    return sums


def _least(confidences: Iterable[str]) -> str:
    return min(confidences, key="LMH".index)


def _assumptions(month: Month) -> tuple[str, ...]:
    """What the comparison rests on beside prices."""
    assumed = ["Cloudflare's prices are global; data moves once, which is not counted"]
    if month.has("elasticache"):
        assumed.append(
            "one call of a Durable Object an API request, unverified; the time of objects is not counted"
        )
    if "api_cpu_ms" in month.notes and month.interruptible is not None:
        assumed.append(f"an API request takes {text(month.notes['api_cpu_ms'])} ms of CPU (api_cpu_ms)")
    if month.has("fargate"):
        assumed.append("ffmpeg cannot run in Workers: tasks go to Containers, whose way out is not counted")
    return tuple(assumed)
