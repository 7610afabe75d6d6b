"""The requests of a log that a plan can send: in order, with endpoint and asset."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidegauge.workload.fit.templates import SLOT, templates

METHODS = ("GET", "HEAD", "OPTIONS")  # others need bodies and tokens, which logs do not have
SCHEMES = ("http", "https")
REDIRECTS = (301, 302, 303, 307, 308)
SHORT_CODE = "{short_code}"
SHORT_LINK = re.compile(rf"(/api)?(/v1)?/s/{re.escape(SLOT)}")  # the application's own
NOTHING = -1  # the request names no asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A kind of request: method and path template."""

    method: str
    template: str
    requests: int
    failed: int  # answered 4xx, 5xx or not at all
    statuses: tuple[int, ...]  # answers seen, the most frequent first

    @property
    def draws(self) -> bool:
        """Whether its path names an asset."""
        return SLOT in self.template or SHORT_CODE in self.template

    @property
    def fails(self) -> bool:
        """Whether most of its answers are failures, as with scanners: what it names is not an asset."""
        return 2 * self.failed > self.requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """Parallel arrays, an entry a request, by time within a client and clients one after another."""

    t_s: NDArray[np.float64]  # seconds since the first
    quantum_s: NDArray[np.float64]
    taken_s: NDArray[np.float64]  # nan when not logged
    client: NDArray[np.int64]
    endpoint: NDArray[np.int64]  # index of `endpoints`
    asset: NDArray[np.int64]  # a number for each asset, or NOTHING
    endpoints: tuple[Endpoint, ...]

    def __len__(self) -> int:
        return len(self.t_s)


def sendable_requests(records: pd.DataFrame) -> Requests:
    """What a plan can send of `records` (those of LogRecord).

    A client is an address with a User-Agent; a request without an address is a client of its own.
    """
    sendable = records["method"].isin(METHODS) & records["scheme"].isin(SCHEMES)
    kept = records[sendable & records["path"].str.startswith("/")]
    method, methods = pd.factorize(kept["method"])
    path, paths = pd.factorize(kept["path"])
    of_path = templates([str(one) for one in paths])
    template, names = pd.factorize(np.array([one.template for one in of_path], dtype=object))
    asset = pd.factorize(np.array([one.asset for one in of_path], dtype=object))[0]
    endpoint, keys = pd.factorize(method.astype(np.int64) * len(names) + template[path])
    endpoints = tuple(
        _endpoint(
            str(methods[key // len(names)]),
            str(names[key % len(names)]),
            kept["status"].to_numpy()[endpoint == index],
        )
        for index, key in enumerate(keys.tolist())
    )
    asset = np.where(
        np.array([one.fails for one in endpoints], dtype=np.bool_)[endpoint], NOTHING, asset[path]
    )
    client = _clients(kept)
    t_s = kept["t_s"].to_numpy()
    order = np.lexsort((np.arange(len(kept)), t_s, client))  # within a tick of the clock, as logged
    return Requests(
        t_s=(t_s - (t_s.min() if len(t_s) else 0.0))[order],
        quantum_s=kept["quantum_s"].to_numpy()[order],
        taken_s=kept["time_taken_s"].to_numpy()[order],
        client=client[order],
        endpoint=endpoint[order].astype(np.int64),
        asset=asset[order].astype(np.int64),
        endpoints=endpoints,
    )


def _clients(kept: pd.DataFrame) -> NDArray[np.int64]:
    known = kept["client"].notna().to_numpy()
    names = kept["client"].fillna("") + "\t" + kept["user_agent"].fillna("")
    client = pd.factorize(names)[0].astype(np.int64)
    client[~known] = len(kept) + np.flatnonzero(~known)
    return client


def _endpoint(method: str, template: str, statuses: NDArray[np.int64]) -> Endpoint:
    values, times = np.unique(statuses, return_counts=True)
    ordered = tuple(int(value) for value in values[np.argsort(-times, kind="stable")] if value)
    redirects = 2 * np.isin(statuses, REDIRECTS).sum() > len(statuses)
    short = SHORT_LINK.fullmatch(template) or (template.endswith("/" + SLOT) and redirects)
    return Endpoint(
        method=method,
        template=template.removesuffix(SLOT) + SHORT_CODE if short else template,
        requests=len(statuses),
        failed=int(np.count_nonzero((statuses == 0) | (statuses >= 400))),
        statuses=ordered,
    )
