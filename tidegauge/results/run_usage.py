"""A run's usage: what its clients counted, what the stack's parts did, and what its templates add."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tidegauge.analysis.rows import added_up
from tidegauge.analysis.traffic import Traffic
from tidegauge.cost.metering.aws_gaps import NOT_COLLECTED, metered_units
from tidegauge.cost.metering.aws_metered import AwsMetered, parse_metered
from tidegauge.cost.metering.aws_usage import usage_from_aws
from tidegauge.cost.metering.client_traffic import ClientRequests
from tidegauge.cost.metering.from_templates import Architecture, FromTemplates, usage_from_templates
from tidegauge.cost.metering.local_usage import usage_from_local, worker_size
from tidegauge.cost.usage import Usage
from tidegauge.errors import TidegaugeError
from tidegauge.run_record import RunRecord
from tidegauge.stack import Stack
from tidegauge.store import RunFolder
from tidegauge.summary import FlowFigures

NO_METERS = "the stack file has no [aws], so nothing behind the API is metered"
STAYED = ("connect", "tls", "not_allowed")  # causes of requests of which nothing reached the stack
SUMS = ("requests", "unanswered", "sent_bytes", "received_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUsage:
    """What is known of a run's usage."""

    folder: RunFolder
    run: RunRecord
    traffic: Traffic
    flows: Sequence[FlowFigures]
    templates: Mapping[str, str]
    region: str

    @property
    def is_local(self) -> bool:
        """Whether it was of the local stack, which stands for one on AWS."""
        return self.run.stack.local is not None

    @property
    def is_metered(self) -> bool:
        """Whether AWS meters it."""
        return not self.is_local and (bool(self.run.stack.aws) or self.folder.aws_metrics_json.exists())

    @property
    def is_on_aws(self) -> bool:
        """Whether anything says what AWS would bill for it."""
        return self.is_local or self.is_metered or bool(self.templates)

    def usage(self) -> tuple[Usage, tuple[str, ...]]:
        """By the local stack's counters or AWS'; and tables with provisioned capacity."""
        if not self.is_on_aws:
            window_s = Decimal(str(self.run.window.duration_s))
            return Usage(region=self.region, window_s=window_s, items=()), ()
        client = client_requests(self.traffic, self.run.stack)
        return self._counted(client) if self.is_local else self._metered(client)

    def _metered(self, client: Sequence[ClientRequests]) -> tuple[Usage, tuple[str, ...]]:
        metered = read_metered(self.folder)
        usage = usage_from_aws(
            client,
            client_requests(self.traffic, self.run.stack, whole_run=True),
            metered,
            region=self.region,
            window_s=self.run.window.duration_s,
            told=self._told(client, metered_units(metered)),
            why_not_metered=NOT_COLLECTED if self.is_metered else NO_METERS,
        )
        return usage, metered.provisioned_tables if metered else ()

    def _counted(self, client: Sequence[ClientRequests]) -> tuple[Usage, tuple[str, ...]]:
        counted, local = _counters(self.folder), self.run.stack.local
        usage = usage_from_local(
            client,
            counted.get("before"),
            counted.get("after"),
            region=self.region,
            window_s=self.run.window.duration_s,
            worker=worker_size(local.worker_vcpu if local else None),
            told=self._told(client, ()),
        )
        return usage, local.provisioned_tables if local else ()

    def _told(
        self, client: Sequence[ClientRequests], metered: Collection[tuple[str, str]]
    ) -> FromTemplates | None:
        """What the templates add; a session opens a connection of its own where the plan says so."""
        if not self.templates:
            return None
        direct = {row.flow for row in client if row.base == "api"}
        connections = {row.flow: row.sessions_sent for row in self.flows if row.flow in direct}
        architecture = Architecture(
            templates=self.templates,
            per_request=self.run.stack.per_request,
            connections=connections if self.run.connections == "per_session" else {},
        )
        return usage_from_templates(
            client,
            architecture,
            region=self.region,
            window_s=self.run.window.duration_s,
            metered=metered,
        )


def _counters(folder: RunFolder) -> Mapping[str, Any]:
    """The stack's counters `before` and `after` the run; empty where nobody read them."""
    path = folder.stack_usage_json
    counted = folder.read_json(path) if path.exists() else {}
    if not isinstance(counted, dict):
        raise TidegaugeError(f"{path} is not a JSON object", "remove it, or run the plan again")
    return counted


def read_metered(folder: RunFolder) -> AwsMetered | None:
    """What `collect` fetched; None before the first time."""
    path = folder.aws_metrics_json
    return parse_metered(folder.read_json(path), str(path)) if path.exists() else None


def client_requests(traffic: Traffic, stack: Stack, *, whole_run: bool = False) -> list[ClientRequests]:
    """Requests that went out, by flow, endpoint, base, cache behaviour and cache result.

    Of the window, or of the whole run with warm-up and drain.
    """
    rows = traffic.requests if whole_run else traffic.requests.loc[traffic.requests["in_window"]]
    rows = rows.loc[~rows["cause"].isin(STAYED)]
    answered = rows["answered"].astype(bool)
    rows = rows.assign(requests=rows["count"].where(answered, 0), unanswered=rows["count"].mask(answered, 0))
    keys = ("flow", "endpoint", "base", "behaviour", "cache")
    return [
        ClientRequests(
            flow=row["flow"],
            endpoint=row["endpoint"],
            base=row["base"],
            requests=int(row["requests"]),
            unanswered=int(row["unanswered"]),
            sent_bytes=int(row["sent_bytes"]),
            received_bytes=int(row["received_bytes"]),
            cache=row["cache"] if isinstance(row["cache"], str) else "none",
            behaviour=None if row["behaviour"] < 0 else stack.behaviour[row["behaviour"]].path_pattern,
        )
        for row in added_up(rows, keys, SUMS).sort_values(list(keys)).to_dict("records")
    ]
