"""A user's mistakes end in one clear error with the contract's exit code, before anything is sent."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.support.served import tidegauge, write_plan, write_stack

NOBODY = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("rate_per_s = 10", "rate_pers = 10", "unknown key 'arrivals.0.rate_pers'", "rate_per_s"),
        ("rate_per_s = 10", 'rate_per_s = "ten"', "rate_per_s", ""),
        ("rate_per_s = 10", "rate_per_s = -1", "rate_per_s", ""),
        ("rate_per_s = 10", "rate_per_s = nan", "rate_per_s", ""),
        ('shape = "constant"', 'shape = "constnat"', "constnat", "constant"),
        ('path = "/ping"', 'path = "/{asset}"', "{asset}", "asset_id"),
        ('path = "/ping"', 'path = "ping"', "does not start with /", ""),
        ("[[flow]]", "[[flowz]]", "unknown key 'flowz'", "flow"),
        ("[[flow]]", "[[flows]]", "flows is not a list of file names", "[[flow]]"),
        ('name = "ping"', 'name = "ping"\n[mix]\nping = 0.5', "sum to 0.5", ""),
        (
            'name = "ping"',
            'name = "ping"\n[objectives."GET /pong"]\np99_ms = 1',
            "no such endpoint",
            "GET /ping",
        ),
        ('name = "ping"', 'name = "ping"\n[objectives.total]\np100_ms = 1', "p100_ms", ""),
        ("duration_s = 1", "duration_s = 1\nx = [", "is not TOML", ""),
    ],
)
def test_a_malformed_plan_names_the_key_and_the_fix(
    tmp_path: Path, old: str, new: str, message: str, hint: str
) -> None:
    plan = write_plan(tmp_path, rate=10, duration_s=1)
    text = plan.read_text().replace("[mix]", "")
    head, _, flow = text.partition("[[flow]]")
    replaced = (head + "[[flow]]" + flow).replace(old, new, 1)
    if "\n[" in new:  # tables of their own go last
        name, _, table = new.partition("\n")
        replaced = text.replace(old, name, 1) + "\n" + table
    plan.write_text(replaced)
    code, document, _ = tidegauge("run", plan, "--stack", write_stack(tmp_path, NOBODY))
    assert code == 2
    assert document["error"]["exit_code"] == 2
    assert message in document["error"]["message"]
    assert hint in document["error"]["hint"]


def test_a_stack_that_does_not_listen_is_unreachable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    stack = write_stack(tmp_path, f"http://127.0.0.1:{port}")
    code, document, _ = tidegauge("run", write_plan(tmp_path, rate=1, duration_s=1), "--stack", stack)
    assert code == 2
    assert "cannot be reached" in document["error"]["message"]


def test_a_host_outside_allowed_hosts_is_refused_by_the_guard(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, "http://198.51.100.7", allowed="127.0.0.1")
    code, document, _ = tidegauge("run", write_plan(tmp_path, rate=1, duration_s=1), "--stack", stack)
    assert code == 13
    assert "198.51.100.7" in document["error"]["message"]


def test_a_step_that_leaves_the_allowed_hosts_is_refused_before_the_start(tmp_path: Path) -> None:
    plan = write_plan(tmp_path, rate=1, duration_s=1, steps='[[flow.step]]\npath = "http://198.51.100.7/x"\n')
    code, _, _ = tidegauge("run", plan, "--stack", write_stack(tmp_path, NOBODY))
    assert code == 13


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('api_url = "http://127.0.0.1:9"\n', "allowed_hosts"),
        ('api_url = "ftp://127.0.0.1"\nallowed_hosts = ["127.0.0.1"]\n', "not an http(s) URL"),
        ('api_url = "http://127.0.0.1:99999"\nallowed_hosts = ["127.0.0.1"]\n', "not a URL"),
        ('api_urls = "http://127.0.0.1"\nallowed_hosts = []\n', "unknown key 'api_urls'"),
        ("api_url = 1\nallowed_hosts = []\n", "api_url"),
    ],
)
def test_a_malformed_stack_file_is_a_usage_error(tmp_path: Path, text: str, message: str) -> None:
    stack = tmp_path / "stack.toml"
    stack.write_text(text)
    code, document, _ = tidegauge("run", write_plan(tmp_path, rate=1, duration_s=1), "--stack", stack)
    assert code == 2
    assert message in document["error"]["message"]


def test_more_assets_than_the_catalogue_has_rows_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"asset_id": "a", "short_code": "s", "renditions": {}}\n')
    stack = tmp_path / "stack.toml"
    stack.write_text(f'api_url = "{NOBODY}"\nallowed_hosts = ["127.0.0.1"]\ncatalogue = "c.jsonl"\n')
    plan = write_plan(
        tmp_path, rate=1, duration_s=1, steps='[[flow.step]]\npath = "/{asset_id}"\n',
        tail='[popularity]\nmodel = "zipf"\nalpha = 1\nassets = 2\n',
    )  # fmt: skip
    code, document, _ = tidegauge("run", plan, "--stack", stack)
    assert code == 2
    assert "1 rows" in document["error"]["message"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("run", "no-such.toml", "--stack", "no-such.toml"),
        ("rnu",),
        ("report", "no-such-run"),
        ("run", "--nope"),
    ],
)
def test_wrong_usage_is_json_too_where_json_was_asked_for(arguments: tuple[str, ...]) -> None:
    code, document, _ = tidegauge(*arguments)
    assert code == 2
    assert document["error"]["message"]


def test_a_run_folder_with_something_in_it_is_not_written_to(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("mine")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stack = write_stack(tmp_path, f"http://127.0.0.1:{listener.getsockname()[1]}")
        code, document, _ = tidegauge(
            "run", write_plan(tmp_path, rate=1, duration_s=1), "--stack", stack, "--out", out
        )
    assert code == 2
    assert "not empty" in document["error"]["message"]
    assert [path.name for path in out.iterdir()] == ["mine"]
