"""The bench document, made of measured cells: skipped cells, prices and costs are added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benches.transcode.cells import UNSTABLE_MEANING
from benches.transcode.profiles import Profile
from benches.transcode.task_use import Assumed, terms_of
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.transcode import AssetCost, asset_cost, cost_fields

SCHEMA_VERSION = 1
ASSUMPTIONS = (
    "emulated: ffmpeg alone runs under the CPU quota and memory limit of the task size, on this machine's "
    "cores; a Fargate task's own processor may be faster or slower, and a worker's Python needs memory too",
    "an emulated cell's peak memory is its cgroup's: with the page cache of what ffmpeg wrote, but not "
    "the pages of ffmpeg's own file, which others had loaded; process_rss_peak_mb is the process alone",
    "a cost per asset is that of one medium in one rendition; its share of the task's start counts once "
    "where several renditions of an asset are made in one job",
    "Fargate bills by the second, at least one minute a task, from the image's pull to the end; egress is "
    "priced at CloudFront's first tier in the US and is not part of the cost per asset",
    "a -spot profile has the times of its on-demand twin: Spot changes the price, not the task",
    UNSTABLE_MEANING,
)
NOT_MEASURED = AssetCost(compute_usd=None, cold_start_usd=None, egress_usd=None, reason="it was not measured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Costing:
    """What prices the cells of a document."""

    book: PriceBook
    task_use: Mapping[str, Assumed]

    def costed(self, cell: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
        """`cell` as a cell of `profile`, with what an asset costs there."""
        return {**cell, "profile": profile.name, **self._fields(cell, profile)}

    def costed_point(self, point: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
        """A point of a curve with what an asset costs at that setting."""
        return {**point, "cost_usd_per_asset": self._fields(point, profile)["cost_usd_per_asset"]}

    def _fields(self, measured: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
        hour = profile.price(self.book)
        if measured["wall_s"] is None:
            return cost_fields(NOT_MEASURED, hour)
        cost = asset_cost(
            hour,
            wall_s=measured["wall_s"],
            bytes_out=measured["bytes_out"],
            terms=terms_of(self.task_use),
            book=self.book,
        )
        return cost_fields(cost, hour)


def document(
    cells: Sequence[Mapping[str, Any]],
    profiles: Sequence[Mapping[str, Any]],
    *,
    costing: Costing,
    gpu: Mapping[str, object],
    ffmpeg: Mapping[str, object],
    machine: Mapping[str, object],
    curves: Sequence[Mapping[str, Any]] = (),
    interrupted: bool = False,
) -> dict[str, Any]:
    """What `bench transcode --json` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "cells": list(cells),
        "curves": list(curves),
        "profiles": list(profiles),
        "gpu": dict(gpu),
        "task_use": {name: assumed.document() for name, assumed in costing.task_use.items()},
        "assumptions": list(ASSUMPTIONS),
        "imports": [],
        "interrupted": interrupted,
        "ffmpeg": dict(ffmpeg),
        "machine": dict(machine),
    }
