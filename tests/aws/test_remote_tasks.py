"""Tasks on ECS: what is asked for, what is left behind, and what is said when it goes wrong."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tests.support.aws_account import REGION, Containers, account, running
from tidegauge.aws.clients import Clients
from tidegauge.aws.ecs import Pace, run_tasks
from tidegauge.aws.settings import BenchTasks, TaskSettings, task_settings
from tidegauge.aws.task import TaskSize, definition, placement, task_size
from tidegauge.errors import TidegaugeError
from tidegauge.stack import Stack

SMALL = TaskSize(
    name="fargate-x86-0.25vcpu-0.5gb", arch="x86", vcpu=Decimal("0.25"), memory_gb=Decimal("0.5")
)
GPU = TaskSize(
    name="ec2-gpu-g4dn.xlarge", arch="x86", vcpu=Decimal(4), memory_gb=Decimal(16),
    instance_type="g4dn.xlarge", gpu=True,
)  # fmt: skip
COMMAND = ["python", "-m", "benches.transcode.remote_entry", "--put", "s3://tidegauge-bench/a.json"]
TWO = [[*COMMAND, "1"], [*COMMAND, "2"]]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Clients, TaskSettings]]:
    with account(monkeypatch) as made:
        yield made


def active_definitions(clients: Clients) -> list[str]:
    found: list[str] = clients.of("ecs", REGION).list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    return found


def test_each_command_is_a_task_and_nothing_is_left(aws: tuple[Clients, TaskSettings]) -> None:
    clients, settings = aws
    containers = Containers(clients, lambda command: {"made": command[-1]})
    said: list[str] = []
    ran = run_tasks(
        clients.of("ecs", REGION),
        settings,
        SMALL,
        [[*COMMAND, "1"], [*COMMAND, "2"]],
        containers.pace(600),
        said.append,
    )
    assert [each.failure for each in ran] == [None, None]
    assert {tuple(command) for command in containers.commands} == {(*COMMAND, "1"), (*COMMAND, "2")}
    assert running(clients) == []
    assert active_definitions(clients) == []
    assert said[0] == "fargate-x86-0.25vcpu-0.5gb: 2 RUNNING, after 0 s"
    assert said[-1] == "fargate-x86-0.25vcpu-0.5gb: 2 STOPPED, after 6 s"


def test_a_task_beyond_its_limit_is_stopped_and_said(aws: tuple[Clients, TaskSettings]) -> None:
    clients, settings = aws
    now_s = [0.0]

    def sleep(seconds: float) -> None:
        now_s[0] += seconds

    pace = Pace(limit_s=120, clock=lambda: now_s[0], sleep=sleep)
    (ran,) = run_tasks(clients.of("ecs", REGION), settings, SMALL, [COMMAND], pace, lambda _: None)
    assert ran.failure == "it was stopped after 2 minutes, the limit of a task"
    assert now_s[0] == 120
    assert running(clients) == []


def test_ctrl_c_stops_the_tasks(aws: tuple[Clients, TaskSettings]) -> None:
    clients, settings = aws
    seen: list[int] = []

    def sleep(_: float) -> None:
        seen.append(len(running(clients)))
        os.kill(os.getpid(), signal.SIGINT)

    pace = Pace(limit_s=600, clock=lambda: 0.0, sleep=sleep)
    with pytest.raises(KeyboardInterrupt):
        run_tasks(clients.of("ecs", REGION), settings, SMALL, [COMMAND, COMMAND], pace, lambda _: None)
    assert seen == [2]
    assert running(clients) == []
    assert active_definitions(clients) == []


def test_an_unknown_cluster_is_said_with_what_to_check(aws: tuple[Clients, TaskSettings]) -> None:
    clients, settings = aws
    elsewhere = dataclasses.replace(settings, cluster="nowhere")
    with pytest.raises(TidegaugeError, match="ClusterNotFoundException") as caught:
        run_tasks(clients.of("ecs", REGION), elsewhere, SMALL, [COMMAND], Pace(limit_s=60), lambda _: None)
    assert caught.value.hint == "check cluster and region in [aws]"
    assert active_definitions(clients) == []


# States that moto does not have, as ECS' documentation and its users' reports show them.
DEFINITION = {"taskDefinition": {"taskDefinitionArn": "arn:aws:ecs:us-east-1:1:task-definition/f:1"}}
TASK = "arn:aws:ecs:us-east-1:1:task/benches/abc"


def stubbed(settings: TaskSettings, answers: list[tuple[str, dict[str, Any]]]) -> Any:
    """The one task's outcome when ECS answers so, in this order and no more often."""
    ecs = boto3.client("ecs")
    with Stubber(ecs) as stubber:
        stubber.add_response("register_task_definition", DEFINITION)
        for call, answer in answers:
            stubber.add_response(call, answer)
        stubber.add_response("deregister_task_definition", {})
        now_s = iter(range(0, 10_000, 60))
        pace = Pace(limit_s=3600, clock=lambda: float(next(now_s)), sleep=lambda _: None)
        (ran,) = run_tasks(ecs, settings, SMALL, [COMMAND], pace, lambda _: None)
        stubber.assert_no_pending_responses()
    return ran


def stopped(container: dict[str, Any], **task: Any) -> dict[str, Any]:
    row = {"taskArn": TASK, "lastStatus": "STOPPED", "containers": [{"name": "bench", **container}], **task}
    return {"tasks": [row]}


@pytest.mark.parametrize(
    ("container", "task", "words"),
    [
        (
            {"reason": "CannotPullContainerError: pull image manifest has been retried 1 time(s)"},
            {"stopCode": "TaskFailedToStart", "stoppedReason": "Task failed to start"},
            ["CannotPullContainerError", "execution_role", "Task failed to start"],
        ),
        (
            {"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"},
            {"stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited"},
            ["OutOfMemoryError", "needs more memory"],
        ),
        (
            {},
            {"stopCode": "SpotInterruption", "stoppedReason": "Your Spot Task was interrupted."},
            ["Your Spot Task was interrupted.", "measure on demand"],
        ),
        (
            {},
            {"stoppedReason": "ResourceInitializationError: failed to validate logger args"},
            ["ResourceInitializationError", "does the log group exist?"],
        ),
        ({"exitCode": 3}, {}, ["the container ended with exit code 3"]),
        ({"exitCode": 137}, {}, ["was killed (exit code 137)", "needs more memory"]),
        ({}, {}, ["stopped without a reason"]),
    ],
    ids=["pull", "memory", "spot", "network", "exit code", "killed", "nothing"],
)
def test_why_a_task_stopped_is_said_with_what_to_do(
    aws: tuple[Clients, TaskSettings], container: dict[str, Any], task: dict[str, Any], words: list[str]
) -> None:
    started = {"tasks": [{"taskArn": TASK, "lastStatus": "PROVISIONING"}]}
    ran = stubbed(aws[1], [("run_task", started), ("describe_tasks", stopped(container, **task))])
    assert [word for word in words if word not in str(ran.failure)] == []


def test_what_run_task_could_not_place_is_said(aws: tuple[Clients, TaskSettings]) -> None:
    failures = [{"arn": "arn:aws:ecs:us-east-1:1:container-instance/i", "reason": "RESOURCE:GPU"}]
    ran = stubbed(aws[1], [("run_task", {"tasks": [], "failures": failures})])
    assert (ran.task, ran.failure) == (
        "",
        "RESOURCE:GPU (the capacity provider has no instance with a free GPU)",
    )


def test_capacity_that_is_not_there_is_said(aws: tuple[Clients, TaskSettings]) -> None:
    failures = [{"reason": "Capacity is unavailable at this time. Please try again later"}]
    ran = stubbed(aws[1], [("run_task", {"tasks": [], "failures": failures})])
    assert "on demand instead of Spot" in str(ran.failure)


def test_a_task_that_ecs_does_not_know_yet_is_waited_for(aws: tuple[Clients, TaskSettings]) -> None:
    started = {"tasks": [{"taskArn": TASK, "lastStatus": "PROVISIONING"}]}
    missing = {"tasks": [], "failures": [{"arn": TASK, "reason": "MISSING"}]}
    done = stopped({"exitCode": 0})
    ran = stubbed(aws[1], [("run_task", started), ("describe_tasks", missing), ("describe_tasks", done)])
    assert ran.failure is None
    assert ran.task == "abc"


def test_a_task_that_vanished_is_given_up_and_stopped(aws: tuple[Clients, TaskSettings]) -> None:
    started = {"tasks": [{"taskArn": TASK, "lastStatus": "PROVISIONING"}]}
    missing = ("describe_tasks", {"tasks": [], "failures": [{"arn": TASK, "reason": "MISSING"}]})
    ran = stubbed(aws[1], [("run_task", started), missing, missing, missing, ("stop_task", {})])
    assert "no longer knows the task: MISSING" in ran.failure


def test_start_and_billed_time_count_from_the_image_pull(aws: tuple[Clients, TaskSettings]) -> None:
    pull = datetime(2026, 1, 1, tzinfo=UTC)
    times = {
        "createdAt": pull - timedelta(seconds=9),
        "pullStartedAt": pull,
        "startedAt": pull + timedelta(seconds=31),
        "stoppedAt": pull + timedelta(seconds=100),
    }
    started = {"tasks": [{"taskArn": TASK, "lastStatus": "PENDING"}]}
    ran = stubbed(aws[1], [("run_task", started), ("describe_tasks", stopped({"exitCode": 0}, **times))])
    assert (ran.cold_start_s, ran.billed_s) == (31, 100)


def test_a_fargate_task_has_its_size_and_architecture(aws: tuple[Clients, TaskSettings]) -> None:
    arm = dataclasses.replace(SMALL, arch="arm", vcpu=Decimal(16), memory_gb=Decimal(120))
    asked = definition(arm, aws[1])
    assert (asked["cpu"], asked["memory"]) == ("16384", "122880")
    assert asked["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert asked["requiresCompatibilities"] == ["FARGATE"]
    assert definition(SMALL, aws[1])["family"] == "tidegauge-bench-fargate-x86-0_25vcpu-0_5gb"


def test_on_demand_has_a_launch_type_and_spot_a_strategy_and_never_both(
    aws: tuple[Clients, TaskSettings],
) -> None:
    on_demand = placement(SMALL, aws[1])
    spot = placement(dataclasses.replace(SMALL, spot=True), aws[1])
    assert (on_demand["launchType"], on_demand.get("capacityProviderStrategy")) == ("FARGATE", None)
    assert spot["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    assert "launchType" not in spot


def test_a_gpu_task_asks_for_the_gpu_on_its_own_type_of_instance(aws: tuple[Clients, TaskSettings]) -> None:
    bench = dataclasses.replace(aws[1].bench, capacity_provider="gpus", assign_public_ip=True)
    settings = dataclasses.replace(aws[1], bench=bench)
    where, asked = placement(GPU, settings), definition(GPU, settings)
    assert where["capacityProviderStrategy"] == [{"capacityProvider": "gpus", "weight": 1}]
    assert where["placementConstraints"][0]["expression"] == "attribute:ecs.instance-type == g4dn.xlarge"
    assert where["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"
    (container,) = asked["containerDefinitions"]
    assert container["resourceRequirements"] == [{"type": "GPU", "value": "1"}]
    assert asked["memory"] == "15360"  # 16 GiB less a sixteenth


def test_both_requests_have_the_form_that_aws_takes(aws: tuple[Clients, TaskSettings]) -> None:
    clients, settings = aws
    bench = dataclasses.replace(
        settings.bench, capacity_provider="gpus", log_group="/benches", execution_role=None
    )
    settings = dataclasses.replace(settings, bench=bench)
    model = clients.of("ecs", REGION).meta.service_model
    for size in (SMALL, GPU, dataclasses.replace(SMALL, spot=True)):
        for call, asked in (
            ("RegisterTaskDefinition", definition(size, settings)),
            ("RunTask", {"taskDefinition": "f", "count": 1, "clientToken": "t", **placement(size, settings)}),
        ):
            clients.of("ecs", REGION)._serializer.serialize_to_request(asked, model.operation_model(call))


def test_an_instance_without_a_capacity_provider_is_refused(aws: tuple[Clients, TaskSettings]) -> None:
    with pytest.raises(TidegaugeError, match="names no capacity_provider") as caught:
        placement(GPU, aws[1])
    assert "g4dn.xlarge" in caught.value.hint


def test_this_machine_is_no_task_size() -> None:
    local = {"name": "local-machine", "kind": "local", "arch": "x86"}
    with pytest.raises(TidegaugeError, match="'local-machine' is not an ECS task"):
        task_size(local)


GOOD = {
    "image": "example/tidegauge@sha256:ab",
    "subnets": ["subnet-0a1b"],
    "security_groups": ["sg-0a1b"],
    "bucket": "tidegauge-bench",
    "task_role": "arn:aws:iam::123456789012:role/bench-task",
}


def stack(**aws: Any) -> Stack:
    return Stack(api_url="http://127.0.0.1", allowed_hosts=("127.0.0.1",), aws=aws)


def test_settings_come_from_the_stack_file_beside_what_others_read_there() -> None:
    found = task_settings(
        stack(region="us-east-1", cluster="c", bench=GOOD, distribution="E1"), "stack aws.toml"
    )
    assert (found.cluster, found.bench.subnets, found.bench.assign_public_ip) == (
        "c",
        ("subnet-0a1b",),
        False,
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bench": {}}, "stack aws.toml has no [aws.bench]"),
        ({"bench": {**GOOD, "subnet": ["subnet-1"]}}, "unknown key 'bench.subnet'"),
        ({"bench": {**GOOD, "subnets": []}}, "bench.subnets"),
        ({"bench": {**GOOD, "bucket": "Upper/Case"}}, "bench.bucket"),
        ({"bench": {**GOOD, "image": "--help"}}, "bench.image"),
        ({"bench": {**GOOD, "task_role": "admin"}}, "bench.task_role"),
        ({"bench": {**GOOD, "assign_public_ip": "yes"}}, "bench.assign_public_ip"),
        ({"region": "Frankfurt"}, "region"),
        ({"cluster": None}, "cluster"),
    ],
)
def test_settings_that_make_no_sense_are_named(change: dict[str, Any], message: str) -> None:
    given = {"region": "us-east-1", "cluster": "c", "bench": GOOD, **change}
    with pytest.raises(TidegaugeError) as caught:
        task_settings(
            stack(**{key: value for key, value in given.items() if value is not None}), "stack aws.toml"
        )
    assert message in caught.value.message


def test_every_key_of_the_settings_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "transcode.md").read_text(encoding="utf-8")
    fields = [*dataclasses.fields(TaskSettings), *dataclasses.fields(BenchTasks)]
    assert [field.name for field in fields if f"{field.name} =" not in page and field.name != "bench"] == []
