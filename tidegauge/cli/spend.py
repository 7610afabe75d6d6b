"""A run's cost: what was counted in the window, times the dated prices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidegauge.analysis.traffic import Traffic, added_up
from tidegauge.cost.architecture import price_architecture
from tidegauge.cost.local_traffic import ClientRequests
from tidegauge.cost.local_usage import usage_from_local, worker_size
from tidegauge.cost.per_request import cost_section
from tidegauge.cost.price_book import load_price_book
from tidegauge.cost.usage import usage_document
from tidegauge.errors import TidegaugeError
from tidegauge.stack import Stack
from tidegauge.store import RunFolder

DEFAULT_REGION = "us-east-1"
TEMPLATE_SUFFIXES = (".json", ".yaml", ".yml", ".template")


def cost_of_run(
    folder: RunFolder,
    run: Mapping[str, Any],
    stack: Stack,
    traffic: Traffic,
    flows: list[Mapping[str, Any]],
) -> tuple[dict[str, object], dict[str, object]]:
    """summary.json's `cost` and the usage document behind it; `flows` are the summary's rows."""
    book = load_price_book(str(stack.aws.get("region", DEFAULT_REGION)))
    counted = folder.read_json(folder.stack_usage_json) if folder.stack_usage_json.exists() else {}
    window_s = run["window"]["end_s"] - run["window"]["start_s"]
    usage = usage_from_local(
        client_requests(traffic, stack),
        counted.get("before"),
        counted.get("after"),
        region=book.region,
        window_s=window_s,
        worker=worker_size(stack.local.worker_vcpu if stack.local else None),
    )
    fixed = None
    if run["architecture"] is not None:
        fixed = price_architecture(read_templates(Path(run["architecture"])), book)
    cost = cost_section(
        usage,
        book,
        request_counts={row["flow"]: row["count"] for row in flows},
        session_counts={row["flow"]: row["sessions"] for row in flows},
        window_s=window_s,
        architecture=fixed,
        loaded_reason=None
        if fixed
        else "the stack file names no architecture, so its fixed hours are not known",
        provisioned_tables=stack.local.provisioned_tables if stack.local else (),
    )
    return cost, usage_document(usage)


def client_requests(traffic: Traffic, stack: Stack) -> list[ClientRequests]:
    """The window's answered requests by flow, endpoint, base, cache behaviour and cache result."""
    answered = traffic.requests.loc[traffic.requests["in_window"] & traffic.requests["answered"]]
    keys, sums = ("flow", "endpoint", "base", "behaviour", "cache"), ("count", "received_bytes")
    return [
        ClientRequests(
            flow=row["flow"],
            endpoint=row["endpoint"],
            base=row["base"],
            requests=int(row["count"]),
            received_bytes=int(row["received_bytes"]),
            cache=row["cache"] if isinstance(row["cache"], str) else "none",
            behaviour=None if row["behaviour"] < 0 else stack.behaviour[row["behaviour"]].path_pattern,
        )
        for row in added_up(answered, keys, sums).to_dict("records")
    ]


def read_templates(folder: Path) -> dict[str, str]:
    """The CloudFormation templates in `folder`, by file name (exit 2 when it cannot be read)."""
    try:
        files = [path for path in sorted(folder.iterdir()) if path.suffix in TEMPLATE_SUFFIXES]
        return {path.name: path.read_text(encoding="utf-8") for path in files}
    except (OSError, UnicodeDecodeError) as error:
        raise TidegaugeError(
            f"architecture {folder} cannot be read: {error}", "name a folder of CloudFormation templates"
        ) from None
