"""A line of task-hours: which task, how many hours, at whose capacity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from tidegauge.cost.architecture.fixed import FixedItem
from tidegauge.cost.audit.corrected import Basis, Corrected, differences
from tidegauge.cost.audit.estimate import EstimateLine
from tidegauge.cost.audit.matching import Matched, task_size
from tidegauge.cost.audit.month_items import SECONDS_PER_HOUR, add, item_of
from tidegauge.cost.audit.reading import Reading
from tidegauge.cost.audit.said import Finding
from tidegauge.cost.prices import Attributes, PriceBook
from tidegauge.cost.words import count, things
from tidegauge.errors import TidegaugeError


def correct_tasks(reading: Reading, matched: Matched, book: PriceBook) -> Corrected:
    """Task-hours: those of the run or the estimate, unless the desired count alone makes more."""
    line, held = reading.line, matched.held
    vcpu, memory_gb = task_size(held) if held else _written_size(line)
    running = add(item.tasks for item in held if item.unit == "vcpu_second" and item.tasks)
    basis, task_hours, findings = _hours(reading, matched, running, vcpu, book)
    written = dict(line.attributes)
    for name, each in (("vcpu", vcpu), ("memory_gb", memory_gb)):
        if name in written and Fraction(written[name]) != each:
            message = f"the estimate's tasks have {name} {written[name]}, the architecture's {count(each)}"
            findings.append(Finding(code="attributes", message=message))
    items = tuple(
        item_of("fargate", unit, attributes, task_hours * share * each * SECONDS_PER_HOUR, line.flow)
        for attributes, share in _capacities(line, held)
        for unit, each in (("vcpu_second", vcpu), ("gb_second", memory_gb))
    )
    return Corrected(basis=basis, items=items, task_hours=task_hours, findings=tuple(findings))


def _hours(
    reading: Reading, matched: Matched, running: Fraction, vcpu: Fraction, book: PriceBook
) -> tuple[Basis, Fraction, list[Finding]]:
    """(on which evidence, task-hours a month, findings)."""
    floor = running * Fraction(book.hours_per_month)
    tasks = f"{things(running, 'task')} round the clock ({count(floor)} task-hours)"
    basis: Basis = "estimate"
    task_hours, findings = reading.quantity, list[Finding]()
    if matched.measured and vcpu:
        busy_s = add(item.quantity for item in matched.measured if item.unit == "vcpu_second")
        basis, task_hours = "run", busy_s / SECONDS_PER_HOUR / vcpu
        findings += differences(reading, task_hours, "the run's busy tasks, scaled, make")
    if task_hours is None or task_hours < floor:
        if task_hours is not None:
            message = f"the architecture has {tasks}, the estimate {count(task_hours)}"
            findings.append(Finding(code="quantity", message=message))
        return "architecture", floor, findings
    if matched.held and task_hours > floor:
        message = f"{count(task_hours)} task-hours depend on load and are kept; the architecture has {tasks}"
        findings.append(Finding(code="depends_on_load", message=message))
    elif matched.held:
        basis = "architecture"
    return basis, task_hours, findings


def _written_size(line: EstimateLine) -> tuple[Fraction, Fraction]:
    written = dict(line.attributes)
    try:
        return Fraction(written["vcpu"]), Fraction(written["memory_gb"])
    except (KeyError, ValueError, ZeroDivisionError):
        raise TidegaugeError(
            f"{line.where / 'attributes'}: the size of a task of line '{line.id:.60}' is not known",
            'give attributes = { vcpu = "2", memory_gb = "4" }, or name the service in resources',
        ) from None


def _capacities(line: EstimateLine, held: Sequence[FixedItem]) -> Iterator[tuple[Attributes, Fraction]]:
    """(attributes of the price, share of the tasks)."""
    tasks = {item.attributes: item.tasks or Fraction(0) for item in held if item.unit == "vcpu_second"}
    total = add(tasks.values())
    if total:
        for attributes, some in tasks.items():
            yield attributes, some / total
        return
    written = dict(line.attributes)
    yield (
        (("arch", written.get("arch", "x86")), ("capacity", written.get("capacity", "on_demand"))),
        Fraction(1),
    )
