"""What `run --dry-run` says that a plan would send and cost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.served import ROOT, good_after, http_server, tidegauge, write_plan, write_stack
from tidegauge.conduct.flows import python_flows

CHILD = Path(__file__).with_name("mean_session_child.py")


def test_a_flow_asks_for_what_it_says() -> None:
    done = subprocess.run([sys.executable, str(CHILD)], cwd=ROOT, capture_output=True, text=True, check=True)
    asked = json.loads(done.stdout)
    assert set(asked) == {"view", "short_link"}
    for name, found in asked.items():
        expected = python_flows()[name].expects
        assert expected is not None
        assert found == pytest.approx(dict(expected), rel=0.05), name


def catalogue(folder: Path, *lengths: int) -> str:
    rows = [
        {
            "asset_id": f"a{n}",
            "short_code": f"s{n}",
            "renditions": {"original": {"path": "/o", "bytes": length}},
        }
        for n, length in enumerate(lengths)
    ]
    (folder / "catalogue.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return 'catalogue = "catalogue.jsonl"\n'


def plan_of_short_links(folder: Path) -> Path:
    path = folder / "plan.toml"
    path.write_text(
        '[[arrivals]]\nshape = "constant"\nprocess = "uniform"\nrate_per_s = 100\nduration_s = 10\n'
        '[mix]\nshort_link = 1.0\n[popularity]\nmodel = "zipf"\nalpha = 0\nassets = 2\n',
        encoding="utf-8",
    )
    return path


@pytest.mark.option("run --dry-run")
def test_short_links_are_forecast_by_the_catalogue_and_the_price_list(tmp_path: Path) -> None:
    with http_server(good_after(0)) as url:
        extra = f'cdn_url = "{url}"\n' + catalogue(tmp_path, 1_000_000, 1_000_000)
        stack = write_stack(tmp_path, url, extra=extra)
        code, document, _ = tidegauge("run", plan_of_short_links(tmp_path), "--stack", stack, "--dry-run")
    assert code == 0
    found = document["forecast"]
    assert (found["requests"], found["cdn_requests"], found["cdn_bytes"]) == (2000, 1000, 1_000_000_000)
    assert (found["peak_sessions_per_s"], found["peak_requests_per_s"]) == (100, 200)
    # 1,000 API requests at $1.00 a million, 1,000 of the CDN at $0.01 per 10,000, 10^9 bytes at $0.085 a GB
    assert found["usd"] == pytest.approx(0.001 + 0.001 + 1e9 / 2**30 * 0.085)
    assert found["unknown"] == []


def test_what_the_catalogue_does_not_say_is_named(tmp_path: Path) -> None:
    with http_server(good_after(0)) as url:
        extra = f'cdn_url = "{url}"\n' + catalogue(tmp_path, 1, 1)
        stack = write_stack(tmp_path, url, extra=extra)
        rows = (
            (tmp_path / "catalogue.jsonl")
            .read_text(encoding="utf-8")
            .replace('"bytes": 1', '"bytes": null', 1)
        )
        (tmp_path / "catalogue.jsonl").write_text(rows, encoding="utf-8")
        _, document, _ = tidegauge("run", plan_of_short_links(tmp_path), "--stack", stack, "--dry-run")
    found = document["forecast"]
    assert (found["requests"], found["cdn_bytes"], found["usd"]) == (2000, None, None)
    assert "does not say how long 'original' is" in found["unknown"][0]


def test_steps_of_a_declared_flow_are_counted(tmp_path: Path) -> None:
    steps = '[[flow.step]]\npath = "/a"\n[[flow.step]]\npath = "/b"\n[[flow.step]]\npath = "/c"\n'
    with http_server(good_after(0)) as url:
        plan = write_plan(tmp_path, rate=10, duration_s=5, steps=steps)
        _, document, words = tidegauge("run", plan, "--stack", write_stack(tmp_path, url), "--dry-run")
    found = document["forecast"]
    assert (found["requests"], found["cdn_bytes"]) == (150, 0)
    assert found["usd"] == pytest.approx(150e-6)
    assert words == ""
