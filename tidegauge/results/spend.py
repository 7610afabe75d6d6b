"""A run's cost: what was counted in the window, times the dated prices."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from tidegauge.analysis.traffic import Traffic
from tidegauge.collect.prices.packaged import read_prices
from tidegauge.cost.architecture.fixed import price_architecture
from tidegauge.cost.per_request import Counts, FlowCounts, cost_section
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.usage import usage_document
from tidegauge.cost_record import CostSection
from tidegauge.errors import TidegaugeError
from tidegauge.results.run_usage import RunUsage
from tidegauge.results.templates import read_templates
from tidegauge.run_record import RunRecord
from tidegauge.store import RunFolder
from tidegauge.summary import FlowFigures

NOT_ON_AWS = "the stack file names neither [aws] nor an architecture: nothing says what AWS bills for it"
NO_ARCHITECTURE = "the stack file names no architecture, so its fixed hours are not known"
HOURS = Decimal(730)  # in a month, where no price book says how many


def cost_of_run(
    folder: RunFolder, run: RunRecord, traffic: Traffic, flows: Sequence[FlowFigures]
) -> tuple[CostSection, dict[str, object]]:
    """What the window cost, and the usage document behind it; `flows` are the summary's.

    Where no price is known, in a region without a price book or of a stack that nothing says is on AWS, every
    cost is null, with that reason: what was measured stands.
    """
    book, no_prices = _book(run.stack.region)
    templates = {} if run.architecture is None else read_templates(Path(run.architecture))
    found = RunUsage(
        folder=folder, run=run, traffic=traffic, flows=flows, templates=templates, region=book.region
    )
    no_prices = no_prices or (None if found.is_on_aws else NOT_ON_AWS)
    usage, provisioned_tables = found.usage()
    fixed = None if run.architecture is None else price_architecture(templates, book)
    cost = cost_section(
        usage,
        book,
        flows=[_counts(row) for row in flows],
        window_s=run.window.duration_s,
        architecture=fixed,
        loaded_reason=None if fixed else NO_ARCHITECTURE,
        no_prices=no_prices,
        provisioned_tables=provisioned_tables,
    )
    return cost, usage_document(usage)


def _counts(row: FlowFigures) -> FlowCounts:
    return FlowCounts(
        flow=row.flow,
        requests=Counts(asked=row.count, sent=row.sent, answered=row.answered),
        sessions=Counts(asked=row.sessions, sent=row.sessions_sent, answered=row.sessions_answered),
    )


def _book(region: str) -> tuple[PriceBook, str | None]:
    """The region's prices; or none, and why."""
    try:
        return read_prices(region), None
    except TidegaugeError as error:
        return PriceBook(region=region, currency="USD", hours_per_month=HOURS, prices={}, free_pools={}), (
            f"{error.message}: `tidegauge cost prices refresh --region` makes a book, `cost price` takes it"
        )
