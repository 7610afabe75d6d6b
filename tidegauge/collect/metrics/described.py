"""What AWS says of the parts of a stack, as far as their metrics need it to become billed units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tidegauge.cost.metering.aws_metered import ServiceTasks
from tidegauge.errors import TidegaugeError


@contextmanager
def readable_reply(whose: str) -> Iterator[None]:
    """A reply that lacks what it must hold, as a TidegaugeError (exit 2)."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise TidegaugeError(
            f"{whose}'s reply cannot be read: {type(error).__name__} {error!s:.100}",
            "is AWS_ENDPOINT_URL set to something else than AWS?",
        ) from None


def check_distribution(client: Any, distribution: str) -> None:
    """Refuses one that is not there, by botocore's ClientError: CloudWatch would just have no figures."""
    with readable_reply("CloudFront"):
        client.get_distribution(Id=distribution)["Distribution"]["Id"]


def check_queue(client: Any, queue: str) -> None:
    """Refuses one that is not there, by botocore's ClientError."""
    with readable_reply("SQS"):
        client.get_queue_url(QueueName=queue)["QueueUrl"]


def fetch_provisioned_tables(client: Any, tables: Sequence[str]) -> tuple[str, ...]:
    """Those of `tables` whose capacity is provisioned, so that their units are not billed one by one."""
    with readable_reply("DynamoDB"):
        return tuple(
            table for table in tables if parse_is_provisioned(client.describe_table(TableName=table))
        )


def parse_is_provisioned(reply: Mapping[str, Any]) -> bool:
    """By a reply of DescribeTable; a table that never was on demand has no summary of its billing mode."""
    summary = reply["Table"].get("BillingModeSummary", {})
    return str(summary.get("BillingMode", "PROVISIONED")) == "PROVISIONED"


def fetch_function_memory(client: Any, functions: Sequence[str]) -> dict[str, int]:
    """MB of each Lambda function, as its latest version is configured."""
    with readable_reply("Lambda"):
        return {
            name: int(client.get_function_configuration(FunctionName=name)["MemorySize"])
            for name in functions
        }


def fetch_service_tasks(client: Any, cluster: str, services: Sequence[str]) -> tuple[ServiceTasks, ...]:
    """The size of the tasks that each service starts now (exit 2 for a service that is not there)."""
    found: list[ServiceTasks] = []
    for name in services:
        with readable_reply("ECS"):
            described = client.describe_services(cluster=cluster, services=[name])["services"]
            if not described:
                raise TidegaugeError(
                    f"there is no service '{name:.100}' in cluster '{cluster:.100}'",
                    "check cluster and services in [aws], the region, and AWS_PROFILE",
                )
            arn = described[0]["taskDefinition"]
            definition = client.describe_task_definition(taskDefinition=arn)["taskDefinition"]
            found.append(parse_service_tasks(name, described[0], definition))
    return tuple(found)


def parse_service_tasks(name: str, service: Mapping[str, Any], definition: Mapping[str, Any]) -> ServiceTasks:
    """From replies of DescribeServices and DescribeTaskDefinition: CPU units (1,024 a vCPU) and MiB."""
    cpu, memory = definition.get("cpu"), definition.get("memory")
    shares = _capacity_shares(service)
    if shares and not (cpu and memory):
        raise TidegaugeError(
            f"the task definition of service '{name:.100}' states no cpu and memory",
            "Fargate demands both; leave the service out of [aws] services",
        )
    arch = definition.get("runtimePlatform", {}).get("cpuArchitecture", "X86_64")
    return ServiceTasks(
        service=name,
        vcpu=_thousands(cpu),
        memory_gb=_thousands(memory),
        arch="arm" if arch == "ARM64" else "x86",
        shares=shares,
    )


def _capacity_shares(service: Mapping[str, Any]) -> dict[str, str]:
    """Weights of on-demand and Spot; a launch type of FARGATE is on demand only."""
    names = {"FARGATE": "on_demand", "FARGATE_SPOT": "spot"}
    strategy = service.get("capacityProviderStrategy") or []
    if not strategy:
        return {"on_demand": "1"} if service.get("launchType") == "FARGATE" else {}
    if any(entry["capacityProvider"] not in names for entry in strategy):
        return {}
    weights = {names[entry["capacityProvider"]]: int(entry.get("weight", 0)) for entry in strategy}
    if not any(weights.values()):  # only a base
        return dict.fromkeys(list(weights)[:1], "1")
    return {name: str(weight) for name, weight in weights.items() if weight}


def _thousands(written: Any) -> str:
    """1,024ths as a number of wholes."""
    return f"{int(written or 0) / 1024:.6f}"
