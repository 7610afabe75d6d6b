"""The figures of a running run in words: rows of a panel, a line for logs, announcements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidegauge.cli.output import printable
from tidegauge.conduct.figures import Figures
from tidegauge.conduct.listener import Event
from tidegauge.dollars import usd

CPUS_SHOWN = 8


def announcement(event: Event, figures: Figures) -> str | None:
    """What is worth a line of its own."""
    match event["event"]:
        case "stopping":
            return (
                f"stopping: {figures.in_flight} sessions in flight, up to {figures.plan.drain_s:g} s; "
                "Ctrl-C again to stop now"
            )
        case "guard":
            return printable(f"a guard ends the run: {event['detail']}")
        case "ending":
            return "stopping now; what was measured is kept"
        case "refused" if "host" in event:
            return printable(f"worker on {event['host']} refused: {event['reason']}")
        case "joined" if figures.workers:
            return printable(f"a worker on {event['host']} is ready")
        case "gone":
            return printable(f"generator {event['process']} on {event['host']} is gone; the run goes on")
        case "fatal":
            return printable(f"generator {event['process']}: {event['detail']}")
    return None


def title(figures: Figures) -> str:
    """Plan, phase and time."""
    return printable(f"{figures.plan.name} · {phase(figures)}")


def phase(figures: Figures) -> str:
    """The phase under way, and which of how many it is."""
    if figures.is_stopping:
        return "stopping"
    if not figures.has_begun:
        if figures.ready_workers is not None:
            return f"waiting for workers: {figures.ready_workers} of {figures.workers}"
        return "starting"
    if figures.t_s < 0:
        return "about to start"
    index, phases = figures.phase, figures.plan.arrivals
    if index is None:
        return "draining"
    warm = " (warm-up)" if figures.t_s < figures.plan.warmup_s else ""
    return f"{phases[index].shape}, phase {index + 1} of {len(phases)}{warm}"


def rows(figures: Figures) -> list[tuple[str, str]]:
    """Name and value of each line of the panel."""
    due, sent = _rates(figures)
    live, recent = figures.live, figures.live["recent"]
    cpu = " ".join(f"{ratio:.2f}" for ratio in figures.cpu_ratios[:CPUS_SHOWN])
    times = (
        f"P50 {_ms(recent, 'p50_ms')}, P99 {_ms(recent, 'p99_ms')} (last 10 s: {recent.get('count', 0):,})"
    )
    sessions = f"{figures.sent:,} sent, {figures.in_flight:,} in flight, {figures.unsent:,} refused"
    return [
        ("rate", f"asked {due}/s, sent {sent}/s (sessions)"),
        ("response", times),
        ("requests", f"{live['requests']:,}, {_failures(live['failures'])}"),
        ("cache", _hit_ratio(live["cache"])),
        ("generator", f"lag P99 {_ms(recent, 'lag_p99_ms')}, CPU {cpu or 'n/a'} of a core"),
        ("sessions", sessions),
        *([("spend", f"{_spend(figures)} (CDN and API, client side only)")] if figures.shows_spend else []),
        ("left", _left(figures)),
    ]


def line(figures: Figures) -> str:
    """The same in short, for logs."""
    if not figures.has_begun or figures.t_s < 0:
        return printable(phase(figures))
    due, _ = _rates(figures)
    live, recent = figures.live, figures.live["recent"]
    spend = f"spend {_spend(figures)}, " if figures.shows_spend else ""
    return printable(
        f"{_time(figures.t_s)} {phase(figures)} {due}/s: sent {figures.sent}, in flight {figures.in_flight}, "
        f"requests {live['requests']}, {_failures(live['failures'])}, P50 {_ms(recent, 'p50_ms')}, "
        f"P99 {_ms(recent, 'p99_ms')}, lag P99 {_ms(recent, 'lag_p99_ms')}, "
        f"{_hit_ratio(live['cache'])}, {spend}left {_left(figures)}"
    )


def _rates(figures: Figures) -> tuple[str, str]:
    rates = figures.rates
    return ("n/a", "n/a") if rates is None else (f"{rates.due:.1f}", f"{rates.sent:.1f}")


def _spend(figures: Figures) -> str:
    return "n/a" if figures.spend_usd is None else usd(figures.spend_usd)


def _left(figures: Figures) -> str:
    left_s = figures.plan.duration_s - figures.t_s
    if left_s > 0 and not figures.is_stopping:
        return _time(left_s)
    return f"drain, up to {figures.plan.drain_s:g} s"


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


def _time(seconds: float) -> str:
    whole = max(int(seconds), 0)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes:02}:{whole % 60:02}"
