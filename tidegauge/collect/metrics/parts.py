"""Which parts of a deployed stack are metered: a descriptor's `[aws]`, and what AWS says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, get_args

from pydantic import Field

from tidegauge.cost.metering.aws_metered import Part, TaskSize
from tidegauge.documents import parse
from tidegauge.errors import TidegaugeError
from tidegauge.stack import DEFAULT_REGION, Stack

ELSEWHERE = ("bench", "log_buckets")  # keys of [aws] that other verbs read
HINT = "docs/cost.md lists the keys of [aws]"


def _name(pattern: str) -> Any:
    """Of this form throughout; the classes are ASCII, as AWS' names are."""
    return Field(pattern=f"^{pattern}$", max_length=512)


Name = Annotated[str, _name("[A-Za-z0-9_.-]+")]
Region = Annotated[str, _name("[a-z]{2}(-[a-z]+)+-[0-9]")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsParts:
    """What CloudWatch is asked about. A list that is absent is not known; an empty one: there are none."""

    region: Region = DEFAULT_REGION
    distribution: Annotated[str, _name("[A-Z0-9]+")] | None = None
    cluster: Annotated[str, _name("[A-Za-z0-9_:/-]+")] | None = None
    services: tuple[Name, ...] | None = None
    tables: tuple[Name, ...] | None = None
    queues: tuple[Name, ...] | None = None
    load_balancers: tuple[Annotated[str, _name("app/[A-Za-z0-9-]+/[a-z0-9]+")], ...] | None = None
    apis: tuple[Annotated[str, _name("[a-z0-9]+")], ...] | None = None
    buckets: tuple[Name, ...] | None = None
    log_groups: tuple[Annotated[str, _name("[A-Za-z0-9_./#-]+")], ...] | None = None
    edge_functions: tuple[Name, ...] | None = None  # names of Lambda@Edge functions
    edge_regions: tuple[Region, ...] | None = None  # where their replicas ran; by default `region`
    causes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # {table, queue …: endpoints}

    @property
    def resources(self) -> dict[Part, tuple[str, ...]]:
        """The names by kind; kinds that the descriptor doesn't speak of are left out."""
        named: dict[Part, tuple[str, ...] | None] = {
            "cloudfront": None if self.distribution is None else (self.distribution,),
            "table": self.tables,
            "queue": self.queues,
            "load_balancer": self.load_balancers,
            "api": self.apis,
            "bucket": self.buckets,
            "log_group": self.log_groups,
            "service": self.services,
            "edge_function": self.edge_functions,
        }
        assert set(named) == set(get_args(Part))
        return {part: tuple(dict.fromkeys(names)) for part, names in named.items() if names is not None}


def aws_parts(stack: Stack, where: str) -> AwsParts:
    """The parts that the stack's `[aws]` names; `where` names the descriptor in errors (exit 2)."""
    chosen = {name: value for name, value in stack.aws.items() if name not in ELSEWHERE}
    if not chosen:
        raise TidegaugeError(f"{where} has no [aws]: nothing says what was metered", HINT)
    try:
        parts = parse(AwsParts, chosen, f"{where} [aws]")
    except TidegaugeError as error:
        raise TidegaugeError(
            error.message, error.hint if error.hint.startswith("did you mean") else HINT
        ) from None
    if not any(parts.resources.values()):
        raise TidegaugeError(f"{where}: [aws] names no part that CloudWatch meters", HINT)
    if parts.services and parts.cluster is None:
        raise TidegaugeError(f"{where}: [aws] names services, but no cluster", 'add cluster = "NAME"')
    return parts


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
        return tuple(table for table in tables if is_provisioned(client.describe_table(TableName=table)))


def is_provisioned(reply: Mapping[str, Any]) -> bool:
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


def fetch_task_sizes(client: Any, cluster: str, services: Sequence[str]) -> tuple[TaskSize, ...]:
    """The size of the tasks that each service starts now (exit 2 for a service that is not there)."""
    found: list[TaskSize] = []
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
            found.append(parse_task_size(name, described[0], definition))
    return tuple(found)


def parse_task_size(name: str, service: Mapping[str, Any], definition: Mapping[str, Any]) -> TaskSize:
    """From replies of DescribeServices and DescribeTaskDefinition: CPU units (1,024 a vCPU) and MiB."""
    cpu, memory = definition.get("cpu"), definition.get("memory")
    shares = _capacity_shares(service)
    if shares and not (cpu and memory):
        raise TidegaugeError(
            f"the task definition of service '{name:.100}' states no cpu and memory",
            "Fargate demands both; leave the service out of [aws] services",
        )
    arch = definition.get("runtimePlatform", {}).get("cpuArchitecture", "X86_64")
    return TaskSize(
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
