"""Which parts of a deployed stack are metered: the `[aws]` of its descriptor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, get_args

from pydantic import Field

from tidegauge.cost.metering.aws_metered import Part
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
