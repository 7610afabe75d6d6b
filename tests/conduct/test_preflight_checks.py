"""What is held against each other before a run: plan, stack, catalogue, flows."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from tests.support.served import good_after, http_server, write_plan, write_stack
from tidegauge.conduct import preflight
from tidegauge.conduct.flows import python_flows
from tidegauge.conduct.preflight import Prepared
from tidegauge.errors import TidegaugeError
from tidegauge.plan import load_plan
from tidegauge.stack import Local, Stack, load_stack

NOBODY = "http://127.0.0.1:9"
ROW = '{"asset_id": "a", "short_code": "s"}\n'


def prepare(folder: Path, *overrides: str, stack: str = "", steps: str = "", rate: float = 10) -> Prepared:
    known = python_flows()
    stack_file = write_stack(folder, NOBODY)
    stack_file.write_text(stack_file.read_text() + stack)
    plan = write_plan(folder, rate=rate, duration_s=1, steps=steps)
    return preflight.prepare(
        load_plan(plan, overrides, frozenset(known)), load_stack(stack_file), stack_file, known
    )


def refusal(folder: Path, *overrides: str, stack: str = "", steps: str = "", rate: float = 10) -> str:
    with pytest.raises(TidegaugeError) as caught:
        prepare(folder, *overrides, stack=stack, steps=steps, rate=rate)
    return f"{caught.value.exit_code}: {caught.value.message} {caught.value.hint}"


def test_an_objective_on_an_endpoint_that_no_flow_calls_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text(ROW)
    mix = ("mix={view = 0.5, ping = 0.5}", 'objectives."GET /v1/aset/{asset_id}".p99_ms=5')
    words = refusal(tmp_path, *mix, stack='catalogue = "c.jsonl"\n')
    assert words.startswith("2: ")
    assert "did you mean 'GET /v1/asset/{asset_id}'?" in words


@pytest.mark.parametrize("target", ["GET /v1/asset/{asset_id}", "GET /ping", "GET /ping (redirect 1)"])
def test_an_objective_may_be_on_a_python_flows_endpoint_or_on_a_hop(tmp_path: Path, target: str) -> None:
    (tmp_path / "c.jsonl").write_text(ROW)
    mix = ("mix={view = 0.5, ping = 0.5}", f'objectives."{target}".p99_ms=5')
    assert prepare(tmp_path, *mix, stack='catalogue = "c.jsonl"\n').plan.objectives


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("not json\n", "row 1"),
        (ROW + '{"asset_id": "b"}\n', "row 2"),
        (ROW + "[]\n", "row 2"),
        (ROW + "5\n", "row 2"),
    ],
)
def test_a_catalogue_with_a_bad_row_is_refused_before_the_start(
    tmp_path: Path, rows: str, words: str
) -> None:
    (tmp_path / "c.jsonl").write_text(rows)
    steps = '[[flow.step]]\npath = "/{asset_id}"\n'
    assert words in refusal(tmp_path, stack='catalogue = "c.jsonl"\n', steps=steps)


def test_blank_lines_of_a_catalogue_are_no_assets(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text(ROW + "\n" + ROW + "\n\n")
    steps = '[[flow.step]]\npath = "/{asset_id}"\n'
    assert prepare(tmp_path, stack='catalogue = "c.jsonl"\n', steps=steps).assets == 2


def test_a_path_that_draws_an_asset_needs_some_to_draw_from(tmp_path: Path) -> None:
    steps = '[[flow.step]]\npath = "/{asset_id}"\n'
    assert "draws an asset" in refusal(tmp_path, steps=steps)
    assert "draws an asset" in refusal(tmp_path, "mix={upload = 0.5, ping = 0.5}", steps=steps)
    known = 'popularity={model = "zipf", alpha = 1.0, assets = 7}'
    assert prepare(tmp_path, known, steps=steps).assets == 7


def test_a_step_at_the_edge_needs_a_cdn_url(tmp_path: Path) -> None:
    steps = '[[flow.step]]\npath = "/x"\nbase = "cdn"\n'
    assert "no cdn_url" in refusal(tmp_path, steps=steps)


def test_a_rate_beyond_the_ceiling_is_refused_by_the_guard(tmp_path: Path) -> None:
    assert refusal(tmp_path, rate=50_001).startswith("13: ")


def test_a_plan_that_sends_nothing_is_a_mistake(tmp_path: Path) -> None:
    assert "sends no session" in refusal(tmp_path, rate=0)


def test_an_architecture_that_is_no_folder_is_named(tmp_path: Path) -> None:
    assert "is not a folder" in refusal(tmp_path, stack='architecture = "none"\n')


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        (NOBODY, "is the stack up?"),
        ("http://nowhere.invalid", "is the host's name right?"),
        ("https://127.0.0.1:{plain}", "does that port speak TLS?"),
    ],
)
def test_a_stack_that_cannot_be_reached_is_told_what_to_look_at(url: str, hint: str) -> None:
    with http_server(lambda _path: (200, {}, b"")) as plain:
        port = plain.rpartition(":")[2].strip("/")
        stack = Stack(api_url=url.replace("{plain}", port), allowed_hosts=("127.0.0.1",))
        with pytest.raises(TidegaugeError, match="cannot be reached") as refused:
            preflight.check_reachable(stack)
    assert hint in refused.value.hint


def test_too_little_room_for_the_samples_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = prepare(tmp_path).plan
    preflight.check_disk(tmp_path / "new" / "run", plan)
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(free=2**20))
    with pytest.raises(TidegaugeError, match="disk full") as refused:
        preflight.check_disk(tmp_path / "new" / "run", plan)
    assert refused.value.exit_code == 2


def test_a_long_run_that_stores_no_samples_needs_no_room_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    three_days = f"arrivals.0.duration_s={3 * 86_400}"  # 259 M sessions
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(free=100 * 2**30))
    preflight.check_disk(tmp_path, prepare(tmp_path, three_days, "samples=none", rate=1000).plan)
    with pytest.raises(TidegaugeError, match="disk full"):
        preflight.check_disk(tmp_path, prepare(tmp_path, three_days, rate=1000).plan)


@pytest.mark.parametrize(("alive", "refused"), [(True, False), (False, True)])
def test_a_local_stack_with_a_dead_part_is_refused(alive: bool, refused: bool) -> None:
    status = json.dumps({"parts": [{"name": "edge", "alive": True}, {"name": "api", "alive": alive}]})
    with http_server(lambda _path: (200, {}, status.encode())) as url:
        stack = Stack(api_url=url, allowed_hosts=("127.0.0.1",), local=Local(control_url=url))
        if refused:
            with pytest.raises(TidegaugeError, match="dead: api"):
                preflight.check_alive(stack)
        else:
            preflight.check_alive(stack)


def test_a_stack_that_listens_is_reachable_and_gets_no_request(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        asked.append(path)
        return good_after(0)(path)

    with http_server(answer) as url:
        preflight.check_reachable(load_stack(write_stack(tmp_path, url)))
    assert asked == []
