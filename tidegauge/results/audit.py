"""An estimate audited against prices, templates and a run, as a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from tidegauge.collect.prices.packaged import read_prices, read_references
from tidegauge.cost.architecture.fixed import price_architecture
from tidegauge.cost.architecture.usage import Figures
from tidegauge.cost.architecture.usage_rules import find_uses
from tidegauge.cost.audit.architecture_findings import architecture_findings
from tidegauge.cost.audit.claims import audit_claims
from tidegauge.cost.audit.corrected_month import what_if_month
from tidegauge.cost.audit.document import audit_document
from tidegauge.cost.audit.estimate import Estimate, read_estimate
from tidegauge.cost.audit.matching import Evidence
from tidegauge.cost.audit.result import Audit, audit
from tidegauge.cost.audit.run_scaling import ScaledRun, measured_names, scale_run
from tidegauge.cost.audit.said import Finding
from tidegauge.cost.bill import PRICE_AGE_DAYS_MAX, old_prices
from tidegauge.cost.metering.from_templates import without_estimates
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.usage import Usage, read_usage
from tidegauge.errors import TidegaugeError
from tidegauge.results.month import what_if_lists
from tidegauge.results.templates import read_templates
from tidegauge.store import RunFolder


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
    written = _read_estimate(estimate, tolerance)
    book = read_prices(written.region, prices_file)
    scaled = None if run_dir is None else _scale_run(RunFolder.open(run_dir), written, book)
    templates = _templates(estimate, written, template)
    document = _audited(written, templates, scaled, book, max_age_days)
    if run_dir is not None:
        RunFolder.open(run_dir).write_json(RunFolder(run_dir).audit_json, document)
    return document


def audit_of(estimate: Path, *, prices_file: Path | None = None) -> tuple[Audit, PriceBook]:
    """The audit of an estimate by itself and its architecture, and the prices it is at."""
    written = _read_estimate(estimate, None)
    book = read_prices(written.region, prices_file)
    evidence = _evidence(written, _templates(estimate, written, None), None, book)
    return audit(written, evidence, book), book.for_audits()


def _templates(estimate: Path, written: Estimate, template: Path | None) -> Mapping[str, str]:
    """The templates of `template`, else of the estimate's architecture; none where neither is named."""
    folder = template or (None if written.architecture is None else estimate.parent / written.architecture)
    return {} if folder is None else read_templates(folder)


def _audited(
    written: Estimate,
    templates: Mapping[str, str],
    scaled: ScaledRun | None,
    book: PriceBook,
    max_age_days: int,
) -> dict[str, Any]:
    evidence = _evidence(written, templates, scaled, book)
    findings = [*_findings(written, templates), *(scaled.findings if scaled else ())]
    result = audit(written, evidence, book)
    asked = what_if_lists(None if result.total is None else what_if_month(result, book))
    return audit_document(
        result,
        findings=findings,
        claims=audit_claims(result, book, read_references()),
        what_ifs=asked["what_ifs"],
        elsewhere=asked["elsewhere"],
        old_prices=tuple(old_prices(result.priced, datetime.now(UTC).date(), max_age_days)),
    )


def _evidence(
    written: Estimate, templates: Mapping[str, str], scaled: ScaledRun | None, book: PriceBook
) -> Evidence:
    if not templates:
        return Evidence(measured=scaled.month if scaled else None)
    names = {**written.names, **(measured_names(scaled.month) if scaled else {})}
    figures = Figures(names=names, hours=Fraction(book.hours_per_month))
    return Evidence(
        fixed=price_architecture(templates, book, parameters=written.parameters),
        uses=find_uses(templates, figures, region=book.region, parameters=written.parameters),
        measured=scaled.month if scaled else None,
    )


def _findings(written: Estimate, templates: Mapping[str, str]) -> Sequence[Finding]:
    if not templates:
        return ()
    return architecture_findings(templates, region=written.region, parameters=written.parameters)


def _read_estimate(path: Path, tolerance: float | None) -> Estimate:
    try:
        written = read_estimate(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError:
        raise TidegaugeError(f"{path} is not UTF-8 text", "an estimate is a TOML document") from None
    except OSError as error:
        raise TidegaugeError(f"estimate {path} cannot be read: {error.strerror}", "check the path") from None
    return written if tolerance is None else written.with_tolerance(Fraction(str(tolerance)))


def _scale_run(folder: RunFolder, written: Estimate, book: PriceBook) -> ScaledRun:
    folder.read_run()  # a run that no report could be made of is not audited either
    usage = read_usage_of(folder)
    usage = replace(usage, items=without_estimates(usage.items))  # the audit asks its own templates
    sessions = {row.flow: row.sessions_answered for row in folder.read_summary().flows}
    return scale_run(usage, sessions, written, book)


def read_usage_of(folder: RunFolder) -> Usage:
    """What a run used (exit 2 where nobody wrote it down)."""
    try:
        document = folder.usage_json.read_text(encoding="utf-8")
    except OSError:
        raise TidegaugeError(
            f"run {folder.path} has no usage.json", "was it interrupted before its summary? see `report`"
        ) from None
    except UnicodeDecodeError:
        raise TidegaugeError(
            f"{folder.usage_json} is not UTF-8 text", f"make it again: tidegauge report {folder.path}"
        ) from None
    return read_usage(document, str(folder.usage_json))
