"""Plans: what is accepted, what is refused and by which words, and `--set`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tidegauge.documents import parse
from tidegauge.errors import TidegaugeError
from tidegauge.plan import Plan, Step, check_stored_plan, load_plan, parse_plan
from tidegauge.stored import document_of

GOOD = """
[[arrivals]]
shape = "constant"
rate_per_s = 10
duration_s = 2
[[flow]]
name = "ping"
[[flow.step]]
path = "/ping"
"""


def load(folder: Path, text: str = GOOD, *overrides: str, known: frozenset[str] = frozenset()) -> Plan:
    path = folder / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return load_plan(path, overrides, known)


def refusal(folder: Path, text: str = GOOD, *overrides: str) -> TidegaugeError:
    with pytest.raises(TidegaugeError) as caught:
        load(folder, text, *overrides)
    assert caught.value.exit_code == 2
    return caught.value


def test_the_smallest_plan_has_the_documented_defaults(tmp_path: Path) -> None:
    plan = load(tmp_path)
    assert (plan.name, plan.seed, plan.warmup_s, plan.connections) == ("unnamed", 1, 0, "per_session")
    assert (plan.in_flight_max, plan.samples, plan.timeout_s, plan.drain_s) == (5000, "all", 30, 30)
    assert plan.max_body_bytes == 64 * 1024 * 1024
    assert plan.arrivals[0].process == "poisson"
    assert plan.flow[0].step[0].expect_status is None
    assert plan.shares == {"ping": 1.0}


def test_the_phases_of_all_shapes_last_as_long_as_they_say(tmp_path: Path) -> None:
    more = """
[[arrivals]]
shape = "ramp"
from_rate_per_s = 1
to_rate_per_s = 2
duration_s = 3
[[arrivals]]
shape = "steps"
rates_per_s = [1, 2, 3]
step_s = 4
"""
    assert load(tmp_path, GOOD + more).duration_s == 2 + 3 + 3 * 4


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("arrivals.0.shape=spyke", "did you mean 'spike'?"),
        ("arrivals=5", "no [[arrivals]]"),
        ("arrivals=[5]", "arrivals.0.shape"),
        ("samples=few", "samples"),
        ("warmup_s=2", "the phases last 2 s"),
        ("warmup_s=inf", "warmup_s is inf"),
        ("validity.cpu_ratio_max=nan", "validity.cpu_ratio_max is nan"),
        ("name=1979-05-27", "name is a date"),
        ("seed=9223372036854775808", "seed is a number beyond 64 bits"),
        ("seed=-1", "seed"),
        ("seed=true", "seed"),
        ("in_flight_max=1.5", "in_flight_max"),
        ("in_flight_max=0", "in_flight_max"),
        ("connections=shared", "connections"),
        ("flow.0.step=[]", "flow.0.step"),
        ("flow.0.step.0.methd=GET", "did you mean 'method'?"),
        ("flow.0.step.0.path=/a b", "space or control character"),
        ("flow.0.step.0.headers.A='x\ny'", "header"),
        ('flow.0.step.0.headers={"a b" = "c"}', "header 'a b'"),
        ("validity.cpu=1", "unknown key 'validity.cpu'"),
        ("mix.ping=0.5", "sum to 0.5"),
        ("mix={pong = 1.0}", "unknown flow 'pong'"),
        ('popularity={model = "zipf"}', "needs alpha"),
        ('popularity={model = "zipf", alpha = 1, shape = 1.0}', "has no shape"),
        ('popularity={model = "stretched_exponential", shape = 1}', "needs scale"),
        ("objectives.total.error_ratio=2", "error_ratio is 2"),
        ("objectives.total.p99=2", "unknown key 'p99'"),
        ("objectives.total.p990_ms=2", "p990_ms"),
        ('objectives."flow:pong".p99_ms=2', "no such flow"),
        ('objectives."session:pong".p99_ms=2', "no such flow"),
        ('objectives."GET /pong".p99_ms=2', "no such endpoint"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, override: str, words: str) -> None:
    error = refusal(tmp_path, GOOD, override)
    assert words in f"{error.message} {error.hint}"


def test_two_flows_need_a_mix_and_names_of_their_own(tmp_path: Path) -> None:
    second = '[[flow]]\nname = "{}"\n[[flow.step]]\npath = "/x"\n'
    assert "no [mix]" in refusal(tmp_path, GOOD + second.format("pong")).message
    assert "two flows are named 'ping'" in refusal(tmp_path, GOOD + second.format("ping")).message


def test_a_declared_flow_must_not_hide_one_of_locustfiles(tmp_path: Path) -> None:
    with pytest.raises(TidegaugeError, match="written in Python already"):
        load(tmp_path, known=frozenset({"ping"}))


@pytest.mark.parametrize("target", ["GET /ping", "total", "flow:ping", "session:ping"])
def test_objectives_may_be_on_endpoints_the_total_flows_and_sessions(tmp_path: Path, target: str) -> None:
    plan = load(tmp_path, GOOD, f'objectives."{target}".p999_ms=5')
    assert plan.objectives == {target: {"p999_ms": 5}}


@pytest.mark.parametrize(
    ("override", "found"),
    [
        ("arrivals.0.rate_per_s=80", lambda plan: plan.arrivals[0].rate_per_s == 80),
        ("name=launch day", lambda plan: plan.name == "launch day"),
        ('name="a=b"', lambda plan: plan.name == "a=b"),
        ("name=", lambda plan: plan.name == ""),
        ("name=1e999x", lambda plan: plan.name == "1e999x"),
        ("validity.lag_ms_p99_max=50", lambda plan: plan.validity.lag_ms_p99_max == 50),
        ('flow.0.step.0={path = "/x?a=b"}', lambda plan: plan.flow[0].step[0].path == "/x?a=b"),
        ("flow.0.step.0.expect_status=[429]", lambda plan: plan.flow[0].step[0].expect_status == (429,)),
    ],
)  # fmt: skip
def test_set_overrides_one_key(tmp_path: Path, override: str, found: Any) -> None:
    assert found(load(tmp_path, GOOD, override))


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("seed", "not KEY=VALUE"),
        ("=5", "not KEY=VALUE"),
        ("..=5", "not a dotted key"),
        ("seed.=5", "not a dotted key"),
        ('objectives."total.p99_ms=5', "not"),
        ("arrivals.1.rate_per_s=5", "no element 1"),
        ("arrivals.x.rate_per_s=5", "no element x"),
        ("arrivals.0.rate_per_s.x=5", "has no keys"),
        ("arrivals.0.rates=5", "unknown key 'arrivals.0.rates'"),
    ],
)
def test_a_set_that_names_nothing_is_refused(tmp_path: Path, override: str, words: str) -> None:
    assert words in refusal(tmp_path, GOOD, override).message


def test_the_last_set_of_a_key_wins(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD, "seed=2", "seed=3").seed == 3


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/v1/s/{short_code}", "GET /v1/s/{short_code}"),
        ("/a?x=1&y=/b?c", "GET /a"),
        ("/a#top", "GET /a"),
        ("http://127.0.0.1:80/a/b?x=1", "GET /a/b"),
        ("https://example.com", "GET /"),
    ],
)
def test_an_endpoint_is_method_and_path_template_without_host_and_query(path: str, endpoint: str) -> None:
    assert Step(path=path).endpoint == endpoint


def test_a_plan_comes_back_from_a_run_folder_as_it_was(tmp_path: Path) -> None:
    text = GOOD.replace('name = "ping"', 'name = "é ☃"') + '[mix]\nview = 0.25\n"é ☃" = 0.75\n'
    plan = load(tmp_path, text, known=frozenset({"view"}))
    stored = parse(Plan, json.loads(json.dumps(document_of(plan))), "run.json")
    check_stored_plan(stored, "run.json")
    assert stored == plan


def test_a_plan_without_arrivals_says_what_to_add() -> None:
    with pytest.raises(TidegaugeError, match=r"no \[\[arrivals\]\]"):
        parse_plan({}, "plan")
