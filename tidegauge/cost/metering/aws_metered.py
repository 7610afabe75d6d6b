"""What CloudWatch metered around a run: `aws_metrics.json`, minute by minute."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from tidegauge.cost.usage import parse_quantity
from tidegauge.stored import ASIDE, UnixSeconds, UnknownFields, check_version, read_record

METERED_VERSION = 1  # aws_metrics.json's schema
MINUTE_S = 60
# Minutes of figures are final that long after they began: SQS wakes up to 15 minutes late, the others sooner.
SETTLED_AFTER_S = 15 * 60
Part = Literal[
    "cloudfront", "table", "queue", "load_balancer", "api", "bucket", "log_group", "service", "edge_function"
]
Vcpu = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A metric of a resource: {minute as Unix seconds in decimal: value as decimal text}."""

    part: Part
    resource: str
    metric: str
    region: str
    minutes: dict[str, str]

    @property
    def total(self) -> Decimal:
        """The sum over the minutes; a minute without a figure had nothing to report."""
        return sum((parse_quantity(value, self.name) for value in self.minutes.values()), Decimal(0))

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"{self.metric} of {self.part} {self.resource} in {self.region}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTasks:
    """What each task of an ECS service holds by its task definition, and the capacity it runs on."""

    service: str
    vcpu: Vcpu
    memory_gb: Vcpu
    arch: Literal["x86", "arm"]
    shares: dict[str, str]  # {on_demand or spot: weight}; empty where tasks run on instances


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsMetered:
    """Everything that was fetched for a run, over whole minutes that cover all of it."""

    schema_version: int = METERED_VERSION  # raised when a reader of the older one would go wrong
    collected_unix_s: UnixSeconds  # when it was asked for last
    began_unix_s: UnixSeconds  # the run's begin, warm-up included
    ended_unix_s: UnixSeconds  # its last answer
    first_minute_unix_s: int
    end_minute_unix_s: int  # exclusive
    series: tuple[Series, ...] = ()
    parts: tuple[Part, ...] = ()  # kinds of parts that the descriptor names, even if it names none of them
    provisioned_tables: tuple[str, ...] = ()
    tasks: tuple[ServiceTasks, ...] = ()
    function_mb: dict[str, int] = field(default_factory=dict)  # memory of the edge functions
    causes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # {resource: endpoints}
    refused: tuple[str, ...] = ()  # what CloudWatch did not answer in full, and why
    unknown_fields: UnknownFields = field(default=(), repr=False, metadata=ASIDE)

    @property
    def settled_unix_s(self) -> float:
        """From when on its figures are final."""
        return self.end_minute_unix_s + SETTLED_AFTER_S

    @property
    def is_complete(self) -> bool:
        """Whether it was asked for when the figures were final, and answered in full."""
        return self.collected_unix_s >= self.settled_unix_s and not self.refused

    def of(self, part: Part, metric: str) -> list[Series]:
        """The series of a metric, one a resource."""
        return [row for row in self.series if (row.part, row.metric) == (part, metric)]


def parse_metered(document: object, source: str) -> AwsMetered:
    """The record in a JSON document (exit 2 where it is damaged)."""
    remedy = "bring back an intact one, or remove it and ask again: tidegauge collect RUN"
    check_version(document, source, METERED_VERSION, remedy)
    found = read_record(AwsMetered, document, source, remedy)
    for series in found.series:
        for minute, value in series.minutes.items():
            parse_quantity(minute, f"{source}: minute of {series.name}")
            parse_quantity(value, f"{source}: {series.name}")
    return found


def joined(earlier: AwsMetered | None, later: AwsMetered) -> AwsMetered:
    """`later`, with the minutes of its series that only `earlier` has: CloudWatch forgets."""
    if earlier is None:
        return later
    old = {_key(row): row.minutes for row in earlier.series}
    series = [replace(row, minutes={**old.get(_key(row), {}), **row.minutes}) for row in later.series]
    return replace(later, series=tuple(series))


def all_task_seconds(running: Series) -> Fraction:
    """Task-seconds of a RunningTaskCount."""
    return sum((Fraction(value) * MINUTE_S for value in running.minutes.values()), Fraction(0))


def added_task_seconds(running: Series) -> Fraction:
    """Those of them above the smallest number of tasks that ran in a minute."""
    counts = [Fraction(value) for value in running.minutes.values()]
    return sum(((count - min(counts)) * MINUTE_S for count in counts), Fraction(0))


def whole_minutes(began_unix_s: float, ended_unix_s: float) -> tuple[int, int]:
    """The minutes that a run touches: the first one's begin and the last one's end, Unix seconds."""
    first = int(began_unix_s // MINUTE_S) * MINUTE_S
    end = -int(-ended_unix_s // MINUTE_S) * MINUTE_S
    return first, max(end, first + MINUTE_S)


def _key(series: Series) -> tuple[str, ...]:
    return (series.part, series.resource, series.metric, series.region)
