"""Where a run stands, in numbers: from the events of its generator, for its guards and for who watches."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tidegauge.collect.prices.packaged import read_prices
from tidegauge.errors import TidegaugeError
from tidegauge.plan import Plan
from tidegauge.shapes import phase_duration_s
from tidegauge.stack import Stack

RATE_WINDOW_S = 5.0
US = (("geo", "us"),)
CDN_UNITS = {"cdn_requests": "https_request", "cdn_bytes": "egress_byte"}
API_UNIT = ("apigateway", "http_request", ())

_NOTHING = {"t_s": 0.0, "due": 0, "sent": 0, "unsent": 0, "in_flight": 0, "cpu_ratio": 0.0}
_NO_REQUESTS: Mapping[str, Any] = {"requests": 0, "failures": {}, "cache": {}, "recent": {}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Sessions a second over the last few seconds."""

    due: float  # by the schedule
    sent: float  # by all processes


class Figures:
    """Takes the generator's events, and answers how far the run is."""

    def __init__(self, plan: Plan, stack: Stack, workers: int = 0) -> None:
        """`workers` on other machines are waited for."""
        self.plan, self.workers = plan, workers
        self.ready_workers: int | None = None  # while they are waited for
        self.is_stopping = False  # nothing new is sent, what is under way may end
        self.shows_spend = stack.may_be_on_aws or plan.guards.budget_usd is not None
        self._prices = client_prices(stack)
        self._progress: dict[int, Mapping[str, Any]] = {}
        self._marks: dict[int, deque[tuple[float, int, int]]] = {}  # by process: t_s, due, sent
        self._live: Mapping[str, Any] | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        """One event."""
        match event["event"]:
            case "progress":
                self._progress[event["process"]] = event
                self._mark(event)
            case "live":
                self._live = event
            case "waiting" if self.workers:
                self.ready_workers = event["ready"]
            case "gone":
                self._marks.pop(event["process"], None)
                last = self._progress.get(event["process"], _NOTHING)
                self._progress[event["process"]] = {**last, "in_flight": 0}
            case "stopping":
                self.is_stopping = True
            case "started":
                self.ready_workers = None

    @property
    def has_begun(self) -> bool:
        """Whether a process has told its progress."""
        return bool(self._progress)

    @property
    def t_s(self) -> float:
        """Run-relative seconds; negative before the start."""
        return max((float(row["t_s"]) for row in self._progress.values()), default=0.0)

    @property
    def phase(self) -> int | None:
        """The index of the phase under way; None once all are over."""
        end_s = 0.0
        for index, phase in enumerate(self.plan.arrivals):
            end_s += phase_duration_s(phase)
            if self.t_s < end_s:
                return index
        return None

    @property
    def in_flight(self) -> int:
        """Sessions under way."""
        return self._sum("in_flight")

    @property
    def sent(self) -> int:
        """Sessions sent."""
        return self._sum("sent")

    @property
    def unsent(self) -> int:
        """Arrivals that a full cap refused."""
        return self._sum("unsent")

    @property
    def cpu_ratios(self) -> list[float]:
        """Of a core, by process."""
        return [float(row["cpu_ratio"]) for _, row in sorted(self._progress.items())]

    @property
    def live(self) -> Mapping[str, Any]:
        """Requests, failures by cause, cache results, and quantiles of the last 10 s."""
        return _NO_REQUESTS if self._live is None else self._live

    @property
    def rates(self) -> Rates | None:
        """None until a process has sent for a second."""
        ends = [(marks[0], marks[-1]) for marks in self._marks.values() if marks[-1][0] - marks[0][0] >= 1]
        if not ends:
            return None
        return Rates(
            due=max((new[1] - old[1]) / (new[0] - old[0]) for old, new in ends),
            sent=sum((new[2] - old[2]) / (new[0] - old[0]) for old, new in ends),
        )

    @property
    def spend_usd(self) -> float | None:
        """What CDN and API charge for the requests so far, as the client counts them; None without prices."""
        if self._prices is None or self._live is None:
            return None
        counts = {**self._live, "api_requests": self._live["requests"] - self._live["cdn_requests"]}
        return float(sum(Fraction(counts[name]) * price for name, price in self._prices.items()))

    def _mark(self, row: Mapping[str, Any]) -> None:
        t_s = float(row["t_s"])
        if t_s < 0:
            return
        marks = self._marks.setdefault(row["process"], deque())
        marks.append((t_s, int(row["due"]), int(row["sent"])))
        while marks[0][0] < t_s - RATE_WINDOW_S:
            marks.popleft()

    def _sum(self, name: str) -> int:
        return sum(int(row[name]) for row in self._progress.values())


def client_prices(stack: Stack) -> dict[str, Fraction] | None:
    """USD a CDN request and byte and an API request at the first tier; None without a price of its region."""
    try:
        book = read_prices(stack.region)
    except TidegaugeError:
        return None  # the view says n/a; the summary names what is missing
    wanted = {name: ("cloudfront", unit, US) for name, unit in CDN_UNITS.items()} if stack.cdn_url else {}
    found = {name: book.prices.get(key) for name, key in {**wanted, "api_requests": API_UNIT}.items()}
    prices = {name: price.unit_price(price.tiers[0]) for name, price in found.items() if price is not None}
    return prices if len(prices) == len(found) else None
