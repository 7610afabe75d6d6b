"""Runs that store every request, the slow ones, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.served import Answer, http_server, tidegauge, write_plan, write_stack
from tidegauge.store import RunFolder

STEPS = '[[flow.step]]\npath = "/first"\n[[flow.step]]\npath = "/second"\n'


def every_tenth_fails() -> Any:
    seen = 0

    def answer(path: str) -> Answer:
        nonlocal seen
        seen += path == "/first"
        return (500 if path == "/first" and seen % 10 == 0 else 200), {}, b"ok"

    return answer


@pytest.mark.parametrize("mode", ["slow", "none"])
def test_a_run_that_stores_few_requests_or_none_has_a_whole_summary_and_report(
    tmp_path: Path, mode: str
) -> None:
    plan = write_plan(tmp_path, rate=100, duration_s=3, head=f'samples = "{mode}"', steps=STEPS)
    with http_server(every_tenth_fails()) as url:
        code, summary, _ = tidegauge(
            "run", plan, "--stack", write_stack(tmp_path, url), "--out", tmp_path / "run", "--processes", 2
        )
    assert code == 10, summary  # a tenth of the sessions failed
    assert summary["samples"] == mode
    assert summary["total"]["count"] == 300 + 270  # a failed first step has no second
    assert summary["total"]["failures_by_cause"] == {"status": 30}
    flow = summary["flows"][0]
    assert (flow["sessions"], flow["session_failures"]) == (300, 30)
    assert flow["session_time_ms"]["p50"] > summary["total"]["response_time_ms"]["p50"]
    folder = RunFolder(tmp_path / "run")
    failed = folder.read_rows("samples")[0].to_pandas().cause.notna().sum()
    assert failed == (30 if mode == "slow" else 0)
    assert "histograms (error at most 0.1 %)" in folder.report_html.read_text(encoding="utf-8")
    remade, _, _ = tidegauge("report", folder.path)
    assert remade == 0
    assert folder.read_json(folder.summary_json)["total"] == summary["total"]
