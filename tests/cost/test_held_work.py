"""A worker's seconds are paid once: by its fixed hours as far as they fit, by use beyond."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from audits import audited
from cost_builders import BOOK, answered, fixed, item, usage

from tidegauge.cost.held_work import HeldWork
from tidegauge.cost.loaded_curve import loaded_curve
from tidegauge.cost.per_request import cost_section
from tidegauge.stored import document_of

X86 = {"arch": "x86", "capacity": "on_demand"}
ESTIMATE = 'name = "t"\nregion = "us-east-1"\n[[line]]\nid = "own"\nservice = "ses"\namount = 0\n'
WORKER_LINE = """
[[line]]
id = "worker"
service = "fargate"
unit = "task_hour"
attributes = { vcpu = "2", memory_gb = "4" }
resources = ["WorkerService"]
quantity = 730
amount = 72
"""
TASK_HOUR = Fraction("0.09874")  # 2 x 0.04048 + 4 x 0.004445 USD


def services(**desired: int) -> str:
    """A template of ECS services of 2 vCPU and 4 GB a task."""
    task = (
        "Type: AWS::ECS::TaskDefinition, Properties: {Family: t, Cpu: '2048', Memory: '4096',"
        " RequiresCompatibilities: [FARGATE]}"
    )
    each = [
        f"  {name}: {{Type: AWS::ECS::Service, Properties: {{TaskDefinition: !Ref Task, LaunchType: FARGATE,"
        f" DesiredCount: {count}}}}}"
        for name, count in desired.items()
    ]
    return "\n".join(["Resources:", f"  Task: {{{task}}}", *each])


def cost_of(busy_s: int, template: str, *, requests: int = 120, window_s: float = 60.0) -> dict[str, Any]:
    """The cost of a window in which workers of 2 vCPU and 4 GB were busy for so long."""
    work = [
        item("fargate", "vcpu_second", 2 * busy_s, X86, flow="upload"),
        item("fargate", "gb_second", 4 * busy_s, X86, flow="upload"),
    ]
    found: dict[str, Any] = document_of(
        cost_section(
            usage(*work),
            BOOK,
            flows=answered({"upload": requests}, {"upload": requests}),
            window_s=window_s,
            architecture=fixed(template),
            loaded_reason=None,
        )
    )
    return found


def per_1k(task_seconds: int, requests: int = 120) -> Decimal:
    """USD of 1,000 requests, of which so many took these task-seconds."""
    exact = TASK_HOUR * task_seconds / 3600 * 1000 / requests
    return Decimal(exact.numerator) / Decimal(exact.denominator)


@pytest.mark.parametrize(
    ("busy_s", "paid_s"),
    [(0, 60), (30, 60), (60, 60), (90, 90), (600, 600)],  # one task is held for the 60 s of the window
)
def test_the_loaded_cost_pays_what_is_held_or_what_is_busy_whichever_is_more(
    busy_s: int, paid_s: int
) -> None:
    cost = cost_of(busy_s, services(WorkerService=1))
    assert Decimal(cost["marginal_per_1k_requests"]) == pytest.approx(per_1k(busy_s))
    assert Decimal(cost["loaded_per_1k_requests"]) == pytest.approx(per_1k(paid_s))


def test_tasks_of_the_api_hold_no_work_of_a_worker() -> None:
    cost = cost_of(30, services(ApiService=1, WorkerService=1))
    assert Decimal(cost["loaded_per_1k_requests"]) == pytest.approx(per_1k(120))  # two tasks for 60 s
    assert Decimal(cost_of(30, services(ApiService=1))["loaded_per_1k_requests"]) == pytest.approx(per_1k(90))


@pytest.mark.parametrize("name", ["Transcoder", "JobConsumer", "MediaEncoders", "Pipeline"])
def test_a_worker_is_known_by_its_name_or_as_the_only_service_behind_the_api(name: str) -> None:
    cost = cost_of(30, services(ApiService=1, **{name: 1}))
    assert Decimal(cost["loaded_per_1k_requests"]) == pytest.approx(per_1k(120))
    assert any(f"fit into the fixed hours of {name}" in each for each in cost["assumptions"])


def test_of_several_services_without_such_a_name_none_is_taken_for_the_worker() -> None:
    cost = cost_of(30, services(Alpha=1, Beta=1))
    assert Decimal(cost["loaded_per_1k_requests"]) == pytest.approx(per_1k(150))


def test_beyond_the_held_hours_the_curve_rises_to_the_marginal_cost() -> None:
    # 0.01 USD of 1,000 requests is work; at 10 a second half of the held hours is busy: all fit up to 20.
    work = HeldWork(usd=Fraction("0.01"), held_ratio=Fraction(2), services=("Worker",))
    found = document_of(
        loaded_curve(
            fixed_hourly=Fraction("1.8"),
            marginal_per_1k=Fraction("0.03"),
            rate_per_s=Fraction(10),
            work=work,
        )
    )
    at = {point["rate_per_s"]: point for point in found["points"]}
    assert at[10.0]["loaded_per_1k_requests"] == "0.07"  # 0.03 + 0.05 - 0.01
    assert at[20.0]["loaded_per_1k_requests"] == "0.045"  # 0.03 + 0.025 - 0.01
    assert at[40.0]["loaded_per_1k_requests"] == "0.0375"  # 0.03 + 0.0125 - 0.005
    # fixed = half of loaded: 0.5 / r = 0.03 - 0.01 x 20 / r, so r = 0.7 / 0.03
    assert found["half_rate_per_s"] == pytest.approx(70 / 3)


def test_where_all_work_fits_the_half_rate_leaves_it_out() -> None:
    # 0.5 / r = 0.03 - 0.01, so r = 25, and the hours hold the work up to 1,000 a second
    work = HeldWork(usd=Fraction("0.01"), held_ratio=Fraction(100), services=("Worker",))
    found = loaded_curve(
        fixed_hourly=Fraction("1.8"), marginal_per_1k=Fraction("0.03"), rate_per_s=Fraction(10), work=work
    )
    assert found.half_rate_per_s == 25.0


@pytest.mark.parametrize("line", ["", WORKER_LINE])
def test_an_audit_adds_a_runs_busy_seconds_to_held_tasks_only_beyond_them(line: str) -> None:
    # One task is held for 730 h; 365 h busy fit into them, of 1,095 h a third does not.
    for busy_h, paid_h in ((365, 730), (1095, 1095)):
        month = usage(
            item("fargate", "vcpu_second", 2 * busy_h * 3600, X86, flow="upload"),
            item("fargate", "gb_second", 4 * busy_h * 3600, X86, flow="upload"),
        )
        found = audited(ESTIMATE + line, services(WorkerService=1), month)
        assert found.total == TASK_HOUR * paid_h
