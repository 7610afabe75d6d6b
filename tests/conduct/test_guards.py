"""What ends a run before it does harm, and how it then ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.support.served import good_after, http_server, tidegauge, write_plan, write_stack
from tidegauge.conduct.guards import Tripped, Watchdog
from tidegauge.plan import Guards

MICRO_USD = 1e-6  # an API request: $1.00 a million


class Feed:
    """Live figures as a test says them, a second apart."""

    def __init__(self, *, spent: float = 0.0, in_flight: int = 0, **guards: Any) -> None:
        self.now_s, self.spent, self.in_flight = 100.0, spent, in_flight
        self.sums = {"requests": 0, "received_bytes": 0, "failed": 0}
        self.tripped: Tripped | None = None
        self._watchdog = Watchdog(
            Guards(**guards),
            spend_usd=lambda: self.spent,
            in_flight=lambda: self.in_flight,
            outside=lambda: None,
            clock=lambda: self.now_s,
        )

    def second(self, *, spent: float = 0.0, **counts: int) -> Tripped | None:
        """A second with so many requests, bytes, failures and dollars."""
        self.now_s += 1.0
        self.spent += spent
        for name, count in counts.items():
            self.sums[name] += count
        event = {"event": "live", **self.sums, "failures": {"status": self.sums["failed"]}}
        self.tripped = self.tripped or self._watchdog.look(event)
        return self.tripped

    def seconds(self, number: int, **counts: Any) -> str | None:
        """The guard that trips within so many such seconds."""
        for _ in range(number):
            self.second(**counts)
        return self.tripped.guard if self.tripped else None


def test_a_rate_near_its_ceiling_ends_the_run() -> None:
    assert Feed().seconds(300, requests=47_000) is None  # 94 % of 50,000
    assert Feed().seconds(3, requests=48_000) == "requests_per_s_max"


def test_one_busy_second_is_not_a_rate() -> None:
    feed = Feed(requests_per_s_max=100)
    assert feed.seconds(5, requests=50) is None
    assert feed.second(requests=130) is None  # (50 + 130) / 2 s
    assert feed.seconds(5, requests=50) is None


def test_bandwidth_counts_over_a_minute() -> None:
    # .8 Gbps are 100 MB a second
    assert Feed().seconds(59, received_bytes=100_000_000) is None
    assert Feed().seconds(61, received_bytes=100_000_000) == "gbps_max"
    assert Feed().seconds(300, received_bytes=94_000_000) is None


def test_failures_count_over_their_seconds() -> None:
    assert Feed(failure_ratio_max=0.5, failure_over_s=10).seconds(9, requests=10, failed=10) is None
    feed = Feed(failure_ratio_max=0.5, failure_over_s=10)
    assert feed.seconds(11, requests=10, failed=6) == "failure_ratio_max"
    assert Feed(failure_ratio_max=0.5, failure_over_s=10).seconds(60, requests=10, failed=5) is None


def test_without_a_limit_nothing_but_failures_ends_no_run() -> None:
    assert Feed().seconds(60, requests=10, failed=10) is None


def test_a_budget_keeps_what_is_under_way_in_mind() -> None:
    # .11 a second: 2 s more are unseen, so 1.00 is near once .88 are spent
    feed = Feed(budget_usd=1.0)
    assert feed.seconds(7, requests=10, spent=0.11) is None
    assert feed.seconds(1, requests=10, spent=0.11) == "budget_usd"
    # 20 requests of .01 under way
    assert Feed(budget_usd=1.0, in_flight=20).seconds(6, requests=10, spent=0.1) == "budget_usd"


@pytest.mark.option("run --budget")
def test_a_budget_is_not_passed(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        asked.append(path)
        return 200, {}, b"ok"

    with http_server(answer) as url:
        plan, stack = write_plan(tmp_path, rate=40, duration_s=30), write_stack(tmp_path, url)
        code, summary, words = tidegauge(
            "run", plan, "--stack", stack, "--budget", 200 * MICRO_USD, "--out", tmp_path / "r"
        )
    assert code == 13
    assert len([path for path in asked if path == "/ping"]) <= 200
    assert summary["stopped_by"]["guard"] == "budget_usd"
    assert summary["verdict"] == "INCONCLUSIVE"  # what was measured held, and less than was asked
    assert "the budget is $0.0002" in summary["reasons"][0]
    assert "a guard ends the run" in words
    assert (tmp_path / "r" / "report.html").exists()


def test_a_stack_that_fails_for_long_ends_the_run_and_fails(tmp_path: Path) -> None:
    with http_server(lambda _path: (500, {}, b"")) as url:
        plan = write_plan(
            tmp_path, rate=20, duration_s=30, tail="[guards]\nfailure_ratio_max = 0.5\nfailure_over_s = 2\n"
        )
        code, summary, _ = tidegauge(
            "run", plan, "--stack", write_stack(tmp_path, url), "--out", tmp_path / "r"
        )
    assert (code, summary["verdict"], summary["stopped_by"]["guard"]) == (10, "FAIL", "failure_ratio_max")
    assert summary["total"]["count"] < 20 * 30


def test_a_guard_within_the_warm_up_leaves_nothing_to_measure(tmp_path: Path) -> None:
    with http_server(good_after(0)) as url:
        plan = write_plan(tmp_path, rate=20, duration_s=30, head="warmup_s = 20")
        code, document, _ = tidegauge(
            "run",
            plan,
            "--stack",
            write_stack(tmp_path, url),
            "--budget",
            50 * MICRO_USD,
            "--out",
            tmp_path / "r",
        )
    assert code == 13
    assert "ended by a guard" in document["error"]["message"]


def test_steps_count_against_the_ceiling_before_the_start(tmp_path: Path) -> None:
    with http_server(good_after(0)) as url:
        plan = write_plan(
            tmp_path,
            rate=40,
            duration_s=5,
            steps='[[flow.step]]\npath = "/a"\n[[flow.step]]\npath = "/b"\n',
            tail="[guards]\nrequests_per_s_max = 79\n",
        )
        code, document, _ = tidegauge("run", plan, "--stack", write_stack(tmp_path, url))
    assert code == 13
    assert "40 sessions/s of 2 requests, over the ceiling of 79" in document["error"]["message"]


@contextmanager
def alarms(monkeypatch: pytest.MonkeyPatch, state: str) -> Iterator[Any]:
    """CloudWatch of moto with the alarm `errors`, for boto3 here and in children."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    client: Any = boto3.client("cloudwatch", region_name="us-east-1")
    client.put_metric_alarm(
        AlarmName="errors", MetricName="5xx", Namespace="t", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
    )  # fmt: skip
    client.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="a test says so")
    try:
        yield client
    finally:
        client.delete_alarms(AlarmNames=["errors"])
        server.stop()


def test_an_alarm_ends_the_run_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with alarms(monkeypatch, "OK") as client:
        asked: list[str] = []

        def answer(path: str) -> tuple[int, dict[str, str], bytes]:
            asked.append(path)
            if len(asked) == 5:  # after two seconds, so that there is something to measure
                client.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="under load")
            return 200, {}, b"ok"

        with http_server(answer) as url:
            plan = write_plan(tmp_path, rate=2, duration_s=60, tail='[guards]\nalarms = ["errors"]\n')
            code, summary, _ = tidegauge(
                "run", plan, "--stack", write_stack(tmp_path, url), "--out", tmp_path / "r"
            )
    assert (code, summary["stopped_by"]["guard"]) == (10, "alarms")
    assert "CloudWatch alarm 'errors' is in ALARM" in summary["reasons"][0]


def test_an_alarm_that_is_off_already_refuses_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with alarms(monkeypatch, "ALARM"), http_server(good_after(0)) as url:
        plan = write_plan(tmp_path, rate=2, duration_s=5, tail='[guards]\nalarms = ["errors"]\n')
        code, document, _ = tidegauge("run", plan, "--stack", write_stack(tmp_path, url))
        assert (code, "before the run" in document["error"]["message"]) == (13, True)
        unknown = ("--set", 'guards.alarms=["none"]')
        code, document, _ = tidegauge("run", plan, "--stack", write_stack(tmp_path, url), *unknown)
        assert (code, "no CloudWatch alarm 'none'" in document["error"]["message"]) == (2, True)
