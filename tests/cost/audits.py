"""Short ways to audit an estimate, for the tests of this folder."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from cost_builders import BOOK

from tidegauge.cost.architecture.fixed import price_architecture
from tidegauge.cost.architecture.usage import Figures
from tidegauge.cost.architecture.usage_rules import find_uses
from tidegauge.cost.audit.estimate import read_estimate
from tidegauge.cost.audit.matching import Evidence
from tidegauge.cost.audit.result import Audit, AuditedLine, audit
from tidegauge.cost.usage import Usage

ESTIMATES = Path(__file__).parents[2] / "infra_under_test" / "estimates"
GUIDE = (ESTIMATES / "seed.toml").read_text(encoding="utf-8")
GUIDE_TEMPLATE = (ESTIMATES / "as_seed" / "stack.yaml").read_text(encoding="utf-8")
HOURS = Fraction(730)


def audited(estimate: str, template: str | None = None, measured: Usage | None = None) -> Audit:
    written = read_estimate(estimate, "estimate.toml")
    evidence = Evidence(measured=measured)
    if template is not None:
        templates = {"stack.yaml": template}
        evidence = Evidence(
            fixed=price_architecture(templates, BOOK),
            uses=find_uses(templates, Figures(names=written.names, hours=HOURS), region="us-east-1"),
            measured=measured,
        )
    return audit(written, evidence, BOOK)


def line(result: Audit, name: str) -> AuditedLine:
    return next(each for each in result.lines if each.reading.line.id == name)


def codes(result: Audit, name: str) -> set[str]:
    return {finding.code for finding in line(result, name).findings}


def said(result: Audit, name: str) -> str:
    return " | ".join(finding.message for finding in line(result, name).findings)


def absent(result: Audit) -> dict[str, Fraction]:
    return {each.position.service: each.amount for each in result.absent if each.amount is not None}


def unknown(result: Audit) -> dict[str, list[str]]:
    return {each.position.service: each.position.needs for each in result.absent if each.amount is None}
