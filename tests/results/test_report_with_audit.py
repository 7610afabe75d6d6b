"""A real audit in the report of a real run: the verbs and the report speak of the same documents."""

from __future__ import annotations

from pathlib import Path

from tests.support.served import ROOT, tidegauge
from tidegauge.store import RunFolder

SEED = ROOT / "infra_under_test" / "estimates" / "seed.toml"


def test_the_report_shows_the_guides_audit_once_it_is_in_the_run_folder(own_run: Path) -> None:
    folder = RunFolder(own_run)
    assert "No estimate was held against this run" in folder.report_html.read_text(encoding="utf-8")
    code, audit, _ = tidegauge("cost", "validate", SEED)
    assert code == 10
    folder.write_json(folder.audit_json, audit)
    code, _, _ = tidegauge("report", own_run)
    html = folder.report_html.read_text(encoding="utf-8")
    assert code == 0
    assert "$862.40 a month" in html
    assert "$1,467.81 a month" in html  # the as-architected total, by hand in the audit's own tests
    assert "6 nodes" in html
    assert "NatGatewayA, NatGatewayB" in html
    assert "The same month on Cloudflare" in html
