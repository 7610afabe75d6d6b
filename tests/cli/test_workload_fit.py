"""`workload fit` from logs on disk to a plan that runs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.support.served import good_after, http_server, tidegauge, write_stack
from tests.workload.log_samples import START_S, Logged, cloudfront_tsv, write_logs, zipf_requests
from tidegauge.plan import load_plan

REQUESTS, ASSETS, ALPHA = 6_000, 400, 0.9


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("logs")
    return write_logs(folder, zipf_requests(REQUESTS, ASSETS, ALPHA, rate_per_s=20.0, seed=9))


@pytest.mark.parametrize("name", ["cloudfront-tsv-gzip", "alb"])
@pytest.mark.option("workload fit --out", "workload fit --json")
def test_the_fit_of_a_log_recovers_what_it_was_drawn_from(
    name: str, logs: dict[str, Path], tmp_path: Path
) -> None:
    code, found, _ = tidegauge("workload", "fit", logs[name], "--out", tmp_path / "plan.toml")
    assert (code, found["records"], found["skipped"], found["chosen"]) == (0, REQUESTS, 0, "zipf")
    assert found["zipf"]["alpha"] == pytest.approx(ALPHA, abs=0.04)
    assert found["zipf"]["log_likelihood"] > found["stretched_exponential"]["log_likelihood"]
    assert found["hit_ratio"]["fit"] == pytest.approx(found["hit_ratio"]["log"], abs=0.03)
    # the 1 % points of two samples of 6,000: 1.63 sqrt(2 / 6000)
    assert max(found["ks"]["interarrival"], found["ks"]["popularity"]) < 0.03
    plan = load_plan(tmp_path / "plan.toml")
    assert plan.arrivals[0].shape == "constant"
    assert plan.duration_s == pytest.approx(300, rel=0.06)
    assert plan.arrivals[0].rate_per_s * plan.duration_s == pytest.approx(REQUESTS, rel=1e-4)
    assert [step.endpoint for step in plan.flow[0].step] == ["GET /assets/{asset_id}.gif"]


@pytest.mark.option("workload fit --base", "workload fit --cache-objects", "workload fit --ttl")
def test_base_and_caches_may_be_chosen(logs: dict[str, Path], tmp_path: Path) -> None:
    fit = ("workload", "fit", logs["cloudfront-json"], "--out", tmp_path / "plan.toml", "--force")
    _, found, _ = tidegauge(*fit)
    assert {step.base for step in load_plan(tmp_path / "plan.toml").flow[0].step} == {"cdn"}
    _, chosen, _ = tidegauge(*fit, "--base", "api", "--cache-objects", 2 * ASSETS, "--ttl", 1e-3)
    assert {step.base for step in load_plan(tmp_path / "plan.toml").flow[0].step} == {"api"}
    assert (found["hit_ratio"]["cache_objects"], chosen["hit_ratio"]["cache_objects"]) == (40, 2 * ASSETS)
    # a cache that holds all objects misses each once; one that keeps nothing hits nothing
    assert chosen["hit_ratio"]["log"] == pytest.approx(1 - found["objects"]["seen"] / REQUESTS, abs=1e-9)
    assert chosen["hit_ratio"]["ttl_s"] == 1e-3
    assert chosen["hit_ratio"]["ttl_log"] == pytest.approx(0, abs=0.01)


def test_the_fitted_plan_runs_as_it_is(logs: dict[str, Path], tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    tidegauge("workload", "fit", logs["cloudfront-json"], "--out", plan)
    with http_server(good_after(0)) as url:
        stack = write_stack(tmp_path, url, extra=f'cdn_url = "{url}"\n')
        code, summary, words = tidegauge(
            *("run", plan, "--stack", stack, "--out", tmp_path / "run", "--set", "arrivals.0.duration_s=2")
        )
    assert code in (0, 12), words  # a busy test machine may send late
    assert summary["total"]["failures"] == 0
    assert summary["total"]["count"] > 10


def test_the_mix_of_flows_is_that_of_the_log(tmp_path: Path) -> None:
    sent = []
    for number in range(300):  # each visitor comes once, 100 s after the one before
        t_s, agent = START_S + number * 100.0, f"visitor {number}"
        sent.append(Logged(t_s=t_s, path="/index.html", agent=agent))
        if number % 3 == 0:
            sent.append(Logged(t_s=t_s + 4, path=f"/assets/{number % 50}.gif", agent=agent))
    (tmp_path / "log").write_text(cloudfront_tsv(sent))
    code, _, words = tidegauge("workload", "fit", tmp_path / "log", "--out", tmp_path / "plan.toml")
    assert code == 0, words
    plan = load_plan(tmp_path / "plan.toml")
    assert Counter({flow: round(share, 9) for flow, share in plan.shares.items()}) == {
        "get_index_html": round(2 / 3, 9),
        "get_index_html_and_1_more": round(1 / 3, 9),
    }
    steps = {flow.name: flow.step for flow in plan.flow}["get_index_html_and_1_more"]
    assert [(step.path, step.think_time_s) for step in steps] == [
        ("/index.html", 0.0),
        ("/assets/{asset_id}.gif", 3.996),
    ]


@pytest.mark.option("workload fit --force")
def test_a_plan_that_exists_is_kept_unless_forced(logs: dict[str, Path], tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text("mine")
    code, document, _ = tidegauge("workload", "fit", logs["alb"], "--out", plan)
    assert (code, plan.read_text()) == (2, "mine")
    assert "--force" in document["error"]["hint"]
    assert tidegauge("workload", "fit", logs["alb"], "--out", plan, "--force")[0] == 0


@pytest.mark.option("workload fit --bad-max")
def test_bad_lines_are_shown_and_above_their_share_refused(logs: dict[str, Path], tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(logs["cloudfront-tsv"].read_bytes() + b"torn\x1b[31m\n" * 100)
    code, document, _ = tidegauge("workload", "fit", log, "--out", tmp_path / "a.toml")
    assert code == 2
    assert "100 of 6100 lines" in document["error"]["message"]
    assert f"{log}:{REQUESTS + 3}" in document["error"]["message"]
    code, found, _ = tidegauge("workload", "fit", log, "--out", tmp_path / "a.toml", "--bad-max", 0.1)
    assert (code, found["skipped"]) == (0, 100)
    assert "\x1b" not in json.dumps(found["bad"], ensure_ascii=False)
    load_plan(tmp_path / "a.toml")


@pytest.mark.parametrize("option", ["--ttl", "--bad-max"])
def test_a_share_or_time_that_is_no_number_is_refused(option: str, tmp_path: Path) -> None:
    code, document, _ = tidegauge("workload", "fit", tmp_path, "--out", tmp_path / "p.toml", option, "nan")
    assert (code, "nan" in document["error"]["message"]) == (2, True)


def test_logs_of_uploads_alone_make_no_plan(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(cloudfront_tsv([Logged(t_s=START_S, path="/v1/upload", method="POST")]))
    code, document, _ = tidegauge("workload", "fit", tmp_path / "log", "--out", tmp_path / "plan.toml")
    assert code == 2
    assert "none of the 1 requests can be sent" in document["error"]["message"]
    assert not (tmp_path / "plan.toml").exists()
