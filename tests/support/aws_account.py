"""An AWS account of moto's with a cluster and a bucket, and one whose tasks really end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.loaders import Loader
from moto import mock_aws
from moto.moto_api import state_manager

from tidegauge.aws.clients import TASKS, Clients
from tidegauge.aws.ecs import Pace
from tidegauge.aws.settings import BenchTasks, TaskSettings

REGION, CLUSTER, BUCKET = "us-east-1", "benches", "tidegauge-bench"
ROLE = "arn:aws:iam::123456789012:role/bench-task"
_MODELS = Loader()  # of AWS's services, read once for all accounts


@contextmanager
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Clients, TaskSettings]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # a thousand machine images that no task needs
    with mock_aws(), tasks_that_do_not_end():
        session = botocore.session.Session()
        session.register_component("data_loader", _MODELS)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session(botocore_session=session))
        ec2 = boto3.client("ec2")
        clients = Clients(TASKS)
        clients.of("ecs", REGION).create_cluster(clusterName=CLUSTER)
        clients.of("s3", REGION).create_bucket(Bucket=BUCKET)
        yield (
            clients,
            TaskSettings(
                region=REGION,
                cluster=CLUSTER,
                bench=BenchTasks(
                    image="example/tidegauge:1",
                    subnets=(ec2.describe_subnets()["Subnets"][0]["SubnetId"],),
                    security_groups=(ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"],),
                    bucket=BUCKET,
                    task_role=ROLE,
                ),
            ),
        )


@contextmanager
def tasks_that_do_not_end() -> Iterator[None]:
    """moto would move a task on to its end by a state at each look."""
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": 10_000})
    try:
        yield
    finally:
        state_manager.unset_transition("ecs::task")


class Containers:
    """Plays what moto does not: while the meter sleeps, containers do their work and end."""

    def __init__(self, clients: Clients, work: Callable[[list[str]], Any]) -> None:
        self.clients, self.now_s = clients, 0.0
        self.commands: list[list[str]] = []
        self._work = work

    def pace(self, limit_s: float) -> Pace:
        return Pace(limit_s=limit_s, clock=lambda: self.now_s, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        for task in running(self.clients):
            command = task["overrides"]["containerOverrides"][0]["command"]
            self.commands.append(command)
            document = self._work(command)
            if document is not None:
                bucket, _, key = command[command.index("--put") + 1].removeprefix("s3://").partition("/")
                self.clients.of("s3", REGION).put_object(
                    Bucket=bucket, Key=key, Body=json.dumps(document).encode()
                )
            self.clients.of("ecs", REGION).stop_task(
                cluster=CLUSTER, task=task["taskArn"], reason="Essential container exited"
            )


def running(clients: Clients) -> list[Any]:
    arns = clients.of("ecs", REGION).list_tasks(cluster=CLUSTER, desiredStatus="RUNNING")["taskArns"]
    return clients.of("ecs", REGION).describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []  # type: ignore[no-any-return]


def objects(clients: Clients) -> list[str]:
    listed = clients.of("s3", REGION).list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [entry["Key"] for entry in listed]
