"""`tidegauge cost validate`: an estimate audited."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from tidegauge.cli.cost.price_files import prices_option, read_prices
from tidegauge.cli.cost.what_if import ask_what_if, print_what_ifs
from tidegauge.cli.output import json_option, people, print_json, printable, say
from tidegauge.cost.architecture.fixed import price_architecture
from tidegauge.cost.architecture.usage_rules import Figures, find_uses
from tidegauge.cost.audit.architecture_findings import architecture_findings
from tidegauge.cost.audit.claims import audit_claims
from tidegauge.cost.audit.estimate import Estimate, read_estimate
from tidegauge.cost.audit.matching import Evidence
from tidegauge.cost.audit.month import what_if_month
from tidegauge.cost.audit.reading import Finding
from tidegauge.cost.audit.result import audit
from tidegauge.cost.audit.rows import audit_document
from tidegauge.cost.audit.run_scaling import ScaledRun, measured_names, scale_run
from tidegauge.cost.bill import PRICE_AGE_DAYS_MAX, old_prices
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.usage import read_usage
from tidegauge.cost.words import usd
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.results.spend import read_templates
from tidegauge.store import RunFolder


@click.command(name="validate")
@click.argument("estimate", metavar="ESTIMATE.toml", type=click.Path(path_type=Path))
@click.option(
    "--template",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of CloudFormation templates that is held against; default: the estimate's architecture.",
)
@click.option(
    "--run",
    "run_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="A run whose usage, scaled to the scenario, is held against too; its report then shows the audit.",
)
@click.option(
    "--tolerance", type=float, help="The deviation up to which the exit code is 0; default: the estimate's."
)
@click.option(
    "--max-age-days",
    default=PRICE_AGE_DAYS_MAX,
    show_default=True,
    type=click.IntRange(0, 36_500),
    help="Name prices that are older than this.",
)
@prices_option
@json_option
def validate_command(
    estimate: Path,
    template: Path | None,
    run_dir: Path | None,
    tolerance: float | None,
    max_age_days: int,
    prices_file: Path | None,
    as_json: bool,
) -> int:
    """Audit a cost estimate: its arithmetic and units, the price book, the architecture, a run.

    Each line is corrected by the best evidence there is: what the templates hold, what the run measured,
    what the scenario makes; else its own quantity at the book's price. Then comes what has no line at all.
    Volume tiers and free units count at the month's scale. Then come what-ifs: what other terms would save.
    Exit code 10 when the total deviates by more than the tolerance.

    \b
    Example: tidegauge cost validate infra_under_test/estimates/seed.toml
             tidegauge cost validate ESTIMATE.toml --template cloudformation --run runs/launch-day
    """
    document = audit_estimate(
        estimate,
        template=template,
        run_dir=run_dir,
        tolerance=tolerance,
        max_age_days=max_age_days,
        prices_file=prices_file,
    )
    if as_json:
        print_json(document)
    else:
        _print(document)
    if run_dir is not None:
        say(f"the run's report shows it after: tidegauge report {run_dir}")
    if document["corrected_total"] is None:
        return ExitCode.USAGE
    return ExitCode.PASS if document["within_tolerance"] else ExitCode.FAIL


def audit_estimate(
    estimate: Path,
    *,
    template: Path | None = None,
    run_dir: Path | None = None,
    tolerance: float | None = None,
    max_age_days: int = PRICE_AGE_DAYS_MAX,
    prices_file: Path | None = None,
) -> dict[str, Any]:
    """The audit as a document; with a run, it is kept in the run's folder."""
    if tolerance is not None and not 0 <= tolerance < math.inf:  # nor is NaN
        raise TidegaugeError(f"--tolerance is {tolerance:g}", "give a share of the total, such as 0.1")
    written = _read_estimate(estimate, tolerance)
    book = read_prices(written.region, prices_file)
    scaled = None if run_dir is None else _scale_run(RunFolder.open(run_dir), written, book)
    folder = template or (None if written.architecture is None else estimate.parent / written.architecture)
    templates = {} if folder is None else read_templates(folder)
    document = _audited(written, templates, scaled, book, max_age_days)
    if run_dir is not None:
        RunFolder.open(run_dir).write_json(RunFolder(run_dir).audit_json, document)
    return document


def _audited(
    written: Estimate,
    templates: Mapping[str, str],
    scaled: ScaledRun | None,
    book: PriceBook,
    max_age_days: int,
) -> dict[str, Any]:
    names = {**written.names, **(measured_names(scaled.month) if scaled else {})}
    figures = Figures(names=names, hours=Fraction(book.hours_per_month))
    findings: list[Finding] = []
    evidence = Evidence(measured=scaled.month if scaled else None)
    if templates:
        evidence = Evidence(
            fixed=price_architecture(templates, book, parameters=written.parameters),
            uses=find_uses(templates, figures, region=book.region, parameters=written.parameters),
            measured=evidence.measured,
        )
        findings += architecture_findings(templates, region=book.region, parameters=written.parameters)
    findings += scaled.findings if scaled else ()
    result = audit(written, evidence, book)
    asked = ask_what_if(None if result.total is None else what_if_month(result, book))
    return audit_document(
        result,
        findings=findings,
        claims=audit_claims(result, book),
        what_ifs=asked["what_ifs"],
        elsewhere=asked["elsewhere"],
        old_prices=tuple(old_prices(result.priced, datetime.now(UTC).date(), max_age_days)),
    )


def _read_estimate(path: Path, tolerance: float | None) -> Estimate:
    try:
        written = read_estimate(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError:
        raise TidegaugeError(f"{path} is not UTF-8 text", "an estimate is a TOML document") from None
    except OSError as error:
        raise TidegaugeError(f"estimate {path} cannot be read: {error.strerror}", "check the path") from None
    return written if tolerance is None else written.with_tolerance(Fraction(str(tolerance)))


def _scale_run(folder: RunFolder, written: Estimate, book: PriceBook) -> ScaledRun:
    try:
        document = folder.usage_json.read_text(encoding="utf-8")
    except OSError:
        raise TidegaugeError(
            f"run {folder.path} has no usage.json", "was it interrupted before its summary? see `report`"
        ) from None
    sessions = {row.flow: row.sessions for row in folder.read_summary().flows}
    return scale_run(read_usage(document, str(folder.usage_json)), sessions, written, book)


def _print(document: Mapping[str, Any]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("line", overflow="fold")
    for heading in ("estimate", "corrected", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("by")
    for line in document["lines"]:
        table.add_row(
            printable(line["id"]),
            *(_dollars(line[key]) for key in ("estimate", "corrected", "difference")),
            line["basis"],
        )
    for each in document["absent"]:
        if each["amount"] is not None and Decimal(each["amount"]):
            named = printable(f"absent: {each['service']} ({each['resource'] or 'measured'})")
            table.add_row(named, "", _dollars(each["amount"]), _dollars(each["amount"]), "")
    totals = (document["estimate_total"], document["corrected_total"])
    table.add_row("total", *(_dollars(total) for total in totals), "", "", style="bold")
    people.print(table)
    for line in document["lines"]:
        _print_findings(line["id"], line["findings"])
    _print_findings("the whole", document["findings"])
    for claim in document["claims"]:
        _print_findings(f"“{claim['text']}”", claim["findings"])
    print_what_ifs(document)
    _print_unknown(document)
    _print_totals(document)


def _print_findings(title: str, findings: Sequence[Mapping[str, str]]) -> None:
    if findings:
        say(printable(title))
    for finding in findings:
        say(printable(f"  - {finding['message']}"))


def _print_unknown(document: Mapping[str, Any]) -> None:
    unknown = [each for each in document["absent"] if each["amount"] is None]
    if unknown:
        named = "; ".join(f"{each['service']} ({', '.join(each['needs'])})" for each in unknown)
        say(printable(f"not priced, as the scenario does not say how much: {named}"))
    for sentence in document["old_prices"]:
        say(f"old price: {sentence}")


def _print_totals(document: Mapping[str, Any]) -> None:
    if document["corrected_total"] is None:
        say("the corrected total is not known: see what has no price above")
        return
    engines = {"redis_oss": "Redis OSS", "valkey": "Valkey"}
    known = {engines[name]: total for name, total in document["totals"].items() if total is not None}
    on = ", ".join(f"{_dollars(total)} on {engine}" for engine, total in known.items())
    within = "within" if document["within_tolerance"] else "outside"
    say(
        f"estimate {_dollars(document['estimate_total'])}, corrected {_dollars(document['corrected_total'])} "
        f"a month ({on}): off by {float(document['deviation']):.1%}, {within} the tolerance of "
        f"{float(document['tolerance']):.0%}"
    )


def _dollars(amount: str | None) -> str:
    return "unknown" if amount is None else usd(Fraction(amount))
