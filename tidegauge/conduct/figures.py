"""The figures of the live view, from the events of the generator."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tidegauge.cli.output import printable
from tidegauge.cost.words import usd
from tidegauge.errors import TidegaugeError
from tidegauge.plan import Plan
from tidegauge.price_data import read_prices
from tidegauge.shapes import phase_duration_s
from tidegauge.stack import Stack

RATE_WINDOW_S = 5.0
US = (("geo", "us"),)
CDN_UNITS = {"cdn_requests": "https_request", "cdn_bytes": "egress_byte"}
API_UNIT = ("apigateway", "http_request", ())

_NOTHING = {"t_s": 0.0, "due": 0, "sent": 0, "unsent": 0, "in_flight": 0, "cpu_ratio": 0.0}


class Figures:
    """Where the run stands."""

    def __init__(self, plan: Plan, stack: Stack, workers: int = 0) -> None:
        """`workers` on other machines are waited for."""
        self._plan, self._workers = plan, workers
        self._prices = client_prices(stack)
        self._progress: dict[int, Mapping[str, Any]] = {}
        self._marks: dict[int, deque[tuple[float, int, int]]] = {}  # by process: t_s, due, sent
        self._live: Mapping[str, Any] | None = None
        self._state = "starting"

    def take(self, event: Mapping[str, Any]) -> None:
        """One event."""
        kind = event["event"]
        if kind == "progress":
            self._progress[event["process"]] = event
            self._mark(event)
        elif kind == "live":
            self._live = event
        elif kind == "waiting" and self._workers:
            self._state = f"waiting for workers: {event['ready']} of {self._workers}"
        elif kind == "gone":
            self._marks.pop(event["process"], None)
            self._progress[event["process"]] = {
                **self._progress.get(event["process"], _NOTHING),
                "in_flight": 0,
            }
        elif kind == "stopping":
            self._state = "stopping"
        elif kind == "started" and self._state != "stopping":
            self._state = "running"

    def announcement(self, event: Mapping[str, Any]) -> str | None:
        """What is worth a line of its own."""
        match event["event"]:
            case "stopping":
                return (
                    f"stopping: {self.in_flight} sessions in flight, up to {self._plan.drain_s:g} s; "
                    "Ctrl-C again to stop now"
                )
            case "guard":
                return printable(f"a guard ends the run: {event['detail']}")
            case "ending":
                return "stopping now; what was measured is kept"
            case "refused" if "host" in event:
                return printable(f"worker on {event['host']} refused: {event['reason']}")
            case "joined" if self._workers:
                return printable(f"a worker on {event['host']} is ready")
            case "gone":
                return printable(f"generator {event['process']} on {event['host']} is gone; the run goes on")
            case "fatal":
                return printable(f"generator {event['process']}: {event['detail']}")
        return None

    @property
    def t_s(self) -> float:
        """Run-relative seconds; negative before the start."""
        return max((float(row["t_s"]) for row in self._progress.values()), default=0.0)

    @property
    def in_flight(self) -> int:
        """Sessions under way."""
        return self._sum("in_flight")

    @property
    def spend_usd(self) -> float | None:
        """What CDN and API charge for the requests so far, as the client counts them; None without prices."""
        if self._prices is None or self._live is None:
            return None
        counts = {**self._live, "api_requests": self._live["requests"] - self._live["cdn_requests"]}
        return float(sum(Fraction(counts[name]) * price for name, price in self._prices.items()))

    def title(self) -> str:
        """Plan, phase and time."""
        return printable(f"{self._plan.name} · {self.phase()}")

    def phase(self) -> str:
        """The phase under way, and which of how many it is."""
        if not self._progress or self._state in ("stopping",):
            return self._state
        if self.t_s < 0:
            return "about to start"
        end_s = 0.0
        for number, phase in enumerate(self._plan.arrivals, 1):
            end_s += phase_duration_s(phase)
            if self.t_s < end_s:
                warm = " (warm-up)" if self.t_s < self._plan.warmup_s else ""
                return f"{phase.shape}, phase {number} of {len(self._plan.arrivals)}{warm}"
        return "draining"

    def rows(self) -> list[tuple[str, str]]:
        """Name and value of each line of the panel."""
        asked, sent = self._rates()
        live = self._live or {"requests": 0, "failures": {}, "cache": {}, "recent": {}}
        recent = live["recent"]
        cpu = " ".join(f"{row['cpu_ratio']:.2f}" for _, row in sorted(self._progress.items())[:8])
        return [
            ("rate", f"asked {asked}/s, sent {sent}/s (sessions)"),
            (
                "response",
                f"P50 {_ms(recent, 'p50_ms')}, P99 {_ms(recent, 'p99_ms')} (last 10 s: {_n(recent)})",
            ),
            ("requests", f"{live['requests']:,}, {_failures(live['failures'])}"),
            ("cache", _hit_ratio(live["cache"])),
            ("generator", f"lag P99 {_ms(recent, 'lag_p99_ms')}, CPU {cpu or 'n/a'} of a core"),
            (
                "sessions",
                f"{self._sum('sent'):,} sent, {self.in_flight:,} in flight, {self._sum('unsent'):,} refused",
            ),
            ("spend", f"{self._spend()} (CDN and API, client side only)"),
            ("left", self._left()),
        ]

    def line(self) -> str:
        """The same in short, for logs."""
        if not self._progress or self.t_s < 0:
            return printable(self.phase())
        asked, _sent = self._rates()
        live = self._live or {"requests": 0, "failures": {}, "cache": {}, "recent": {}}
        recent = live["recent"]
        return printable(
            f"{_time(self.t_s)} {self.phase()} {asked}/s: sent {self._sum('sent')}, "
            f"in flight {self.in_flight}, "
            f"requests {live['requests']}, {_failures(live['failures'])}, P50 {_ms(recent, 'p50_ms')}, "
            f"P99 {_ms(recent, 'p99_ms')}, lag P99 {_ms(recent, 'lag_p99_ms')}, "
            f"{_hit_ratio(live['cache'])}, spend {self._spend()}, left {self._left()}"
        )

    def _mark(self, row: Mapping[str, Any]) -> None:
        t_s = float(row["t_s"])
        if t_s < 0:
            return
        marks = self._marks.setdefault(row["process"], deque())
        marks.append((t_s, int(row["due"]), int(row["sent"])))
        while marks[0][0] < t_s - RATE_WINDOW_S:
            marks.popleft()

    def _rates(self) -> tuple[str, str]:
        """Sessions a second over the last few seconds: due by the schedule, and sent by all processes."""
        ends = [(marks[0], marks[-1]) for marks in self._marks.values() if marks[-1][0] - marks[0][0] >= 1]
        if not ends:
            return "n/a", "n/a"
        asked = max((new[1] - old[1]) / (new[0] - old[0]) for old, new in ends)
        sent = sum((new[2] - old[2]) / (new[0] - old[0]) for old, new in ends)
        return f"{asked:.1f}", f"{sent:.1f}"

    def _sum(self, name: str) -> int:
        return sum(int(row[name]) for row in self._progress.values())

    def _spend(self) -> str:
        spend = self.spend_usd
        return "n/a" if spend is None else usd(spend)

    def _left(self) -> str:
        left_s = self._plan.duration_s - self.t_s
        if left_s > 0 and self._state != "stopping":
            return _time(left_s)
        return f"drain, up to {self._plan.drain_s:g} s"


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


def _failures(failures: Mapping[str, int]) -> str:
    total = sum(failures.values())
    if not total:
        return "failed 0"
    causes = ", ".join(
        f"{cause} {count:,}" for cause, count in sorted(failures.items(), key=lambda kv: -kv[1])
    )
    return f"failed {total:,} ({causes})"


def _hit_ratio(cache: Mapping[str, int]) -> str:
    known = sum(cache.get(name, 0) for name in ("hit", "refresh_hit", "miss", "error"))
    if not known:
        return "hit ratio n/a"
    return f"hit ratio {(cache['hit'] + cache['refresh_hit']) / known:.3f} ({known:,})"


def _ms(recent: Mapping[str, Any], name: str) -> str:
    value = recent.get(name)
    return "n/a" if value is None else f"{value:.1f} ms"


def _n(recent: Mapping[str, Any]) -> str:
    return f"{recent.get('count', 0):,}"


def _time(seconds: float) -> str:
    whole = max(int(seconds), 0)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes:02}:{whole % 60:02}"
