"""`tidegauge run` end to end, against servers whose behaviour is known."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.support.served import ROOT, Answer, good_after, http_server, tidegauge, write_plan, write_stack
from tidegauge.store import RunFolder


@pytest.mark.option("run --stack", "run --out", "run --json")
def test_a_server_that_answers_after_40_ms_has_its_quantiles_there_and_passes(tmp_path: Path) -> None:
    plan = write_plan(
        tmp_path, rate=200, duration_s=2, tail="[objectives.total]\np95_ms = 4000\nerror_ratio = 0.01\n"
    )
    with http_server(good_after(0.04)) as url:
        code, summary, _ = tidegauge(
            "run", plan, "--stack", write_stack(tmp_path, url), "--out", tmp_path / "run"
        )
    assert (code, summary["verdict"]) == (0, "PASS")
    assert summary["total"]["count"] == 400  # uniform: 200/s for 2 s
    assert summary["total"]["failures"] == 0
    times = summary["total"]["response_time_ms"]
    assert 40 < times["p50"] < 60
    assert times["p999"] is None
    assert times["unsupported"]["p999"] == "400 of 2995"
    assert summary["generator"]["rate_asked_per_s"] == pytest.approx(200)
    assert summary["generator"]["rate_sent_per_s"] == pytest.approx(200)


def test_a_stall_counts_for_every_request_that_was_due_in_it(tmp_path: Path) -> None:
    """50/s for 4 s, the server silent for 1 s of it: some 50 requests wait, on average half a second."""
    gate, first = threading.Lock(), []

    def answer(_path: str) -> Answer:
        with gate:
            first.append(time.monotonic())
            if len(first) == 100:
                time.sleep(1.0)
        return 200, {}, b"ok"

    plan = write_plan(tmp_path, rate=50, duration_s=4)
    with http_server(answer) as url:
        code, summary, _ = tidegauge(
            "run", plan, "--stack", write_stack(tmp_path, url), "--out", tmp_path / "run"
        )
    assert code == 0
    samples = RunFolder(tmp_path / "run").read_rows("samples")[0].to_pandas()
    slow = samples[samples.done_s - samples.intended_s > 0.1]
    assert 43 <= len(slow) <= 50  # due in the first 0.9 s of the stall: 45
    assert (slow.done_s - slow.intended_s).mean() == pytest.approx(0.55, abs=0.06)
    assert summary["generator"]["lag_ms_p99"] < 200  # the stall of the server is not the generator's


def test_failures_are_counted_by_cause_and_stay_out_of_the_quantiles(tmp_path: Path) -> None:
    answers: dict[str, Answer] = {
        "/ok": (200, {}, b"ok"),
        "/busy": (429, {}, b""),
        "/down": (503, {}, b""),
        "/broken": (500, {}, b""),
        "/blocked": (403, {"Server": "CloudFront"}, b"<H1>403 ERROR</H1> Request blocked."),
        "/elsewhere": (302, {"Location": "http://192.0.2.1/"}, b""),
    }
    flows = "".join(
        f'[[flow]]\nname = "f{number}"\n[[flow.step]]\npath = "{path}"\nfollow_redirects = true\n'
        for number, path in enumerate(answers)
    )
    mix = "[mix]\nping = 0.4\n" + "".join(f"f{number} = 0.1\n" for number in range(6))
    plan = write_plan(
        tmp_path, rate=100, duration_s=3, steps='[[flow.step]]\npath = "/ok"\n', tail=flows + mix
    )
    with http_server(answers.__getitem__) as url:
        code, summary, _ = tidegauge(
            "run", plan, "--stack", write_stack(tmp_path, url), "--out", tmp_path / "run"
        )
    assert "error" not in summary, summary
    causes = summary["total"]["failures_by_cause"]
    assert set(causes) == {"throttled_429", "throttled_503", "status", "waf_403", "not_allowed"}
    assert summary["total"]["failures"] == sum(causes.values())
    assert (code, summary["verdict"]) == (12, "INVALID")  # a firewall in the way
    good = summary["total"]["count"] - summary["total"]["failures"]
    samples = RunFolder(tmp_path / "run").read_rows("samples")[0].to_pandas()
    # a followed redirect was a good request of its own
    assert good == int((samples.cause.isna()).sum())


def test_a_stack_past_its_knee_fails_by_refused_arrivals_and_is_not_invalid(tmp_path: Path) -> None:
    plan = write_plan(
        tmp_path, rate=50, duration_s=3, head="in_flight_max = 10\ndrain_s = 1\ntimeout_s = 20",
        tail="[objectives.total]\nerror_ratio = 0.05\n",
    )  # fmt: skip
    with http_server(good_after(30)) as url:
        code, summary, _ = tidegauge(
            "run", plan, "--stack", write_stack(tmp_path, url), "--out", tmp_path / "run"
        )
    assert (code, summary["verdict"]) == (10, "FAIL")
    assert summary["total"]["count"] == 150
    assert summary["total"]["failures_by_cause"] == {"in_flight_cap": 140, "timeout": 10}
    assert summary["generator"]["unsent"] == 140


@pytest.mark.option("run --set", "run --architecture")
def test_keys_of_the_plan_and_the_architecture_may_be_others(finished: Path) -> None:
    folder = RunFolder(finished)
    summary = folder.read_json(folder.summary_json)
    assert summary["total"]["count"] == 20  # 20/s for a second, where the file says 1,000/s for a minute
    assert "NatGatewayA" in str(summary["cost"])


def test_an_interrupt_keeps_and_reports_what_was_measured(tmp_path: Path) -> None:
    plan = write_plan(tmp_path, rate=50, duration_s=60)
    with http_server(good_after(0)) as url:
        stack = write_stack(tmp_path, url)
        command = [
            sys.executable,
            "-m",
            "tidegauge",
            "run",
            str(plan),
            "--stack",
            str(stack),
            "--out",
            str(tmp_path / "r"),
        ]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as child:
            _wait_for(lambda: list((tmp_path / "r" / "samples").glob("*.parquet")))
            os.kill(child.pid, signal.SIGINT)
            assert child.wait(30) == 130
    folder = RunFolder(tmp_path / "r")
    summary = folder.read_json(folder.summary_json)
    assert summary["interrupted"] is True
    assert summary["total"]["count"] >= 50  # the window ends with a whole second
    assert summary["total"]["failures"] == 0
    assert folder.report_html.exists()


@pytest.mark.option("report --json", "report --out")
def test_the_report_can_be_made_again_from_the_samples(own_run: Path, tmp_path: Path) -> None:
    folder = RunFolder(own_run)
    before = folder.read_json(folder.summary_json)
    for path in (folder.summary_json, folder.report_html):
        path.unlink()
    code, document, _ = tidegauge("report", own_run)
    assert (code, document) == (0, {"report": str(folder.report_html)})
    assert folder.read_json(folder.summary_json) == before
    elsewhere = tmp_path / "elsewhere.html"
    assert tidegauge("report", own_run, "--out", elsewhere)[1] == {"report": str(elsewhere)}
    assert elsewhere.read_bytes() == folder.report_html.read_bytes()


def _wait_for(condition: object) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.1)
    raise AssertionError("nothing came in 30 s")


def test_a_region_without_prices_leaves_the_cost_open_and_the_measurement_whole(tmp_path: Path) -> None:
    with http_server(good_after(0)) as url:
        plan = write_plan(tmp_path, rate=20, duration_s=1)
        stack = write_stack(tmp_path, url, extra='[aws]\nregion = "mars-1"\n')
        code, summary, _ = tidegauge("run", plan, "--stack", stack, "--out", tmp_path / "r")
    assert (code, summary["total"]["count"]) == (0, 20)
    assert summary["cost"]["marginal_per_1k_requests"] is None
    assert "no prices for region 'mars-1'" in summary["cost"]["marginal_reason"]
    assert (tmp_path / "r" / "report.html").exists()
