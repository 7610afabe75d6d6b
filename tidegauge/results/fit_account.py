"""What is said of a fit: for people, and as the one JSON document."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from tidegauge.collect.logs.requests import LogRead
from tidegauge.replay import SEED_BASES
from tidegauge.workload.fit.bursts import Burst
from tidegauge.workload.fit.lengths import Law
from tidegauge.workload.fit.log_fit import CacheFigures, LogFit
from tidegauge.workload.fit.plan_text import Base, flow_fits, kept_share, plan_text
from tidegauge.workload.fit.popularity import PopularityFit


def plan_of(fit: LogFit, read: LogRead, name: str, base: Base | None) -> str:
    """The plan; where its requests go follows from the kind of log, unless `base` says."""
    about = "\n".join(["Fitted by tidegauge workload fit.", *account(fit, read)])
    if base is not None:
        return plan_text(fit, name, {}, base, about)
    if any(one.startswith("cloudfront") for one in read.formats):
        return plan_text(fit, name, SEED_BASES, "cdn", about)
    return plan_text(fit, name, {}, "api", about)


def document(fit: LogFit, read: LogRead, out: Path) -> dict[str, Any]:
    """The document that `--json` prints."""
    objects = fit.objects
    return {
        "plan": str(out),
        "records": len(read.records),
        "skipped": read.bad + read.without_request,
        "bad": {"lines": read.bad, "examples": [f"{source}: {why}" for source, why in read.bad_examples]},
        "without_request": read.without_request,
        "not_sendable": fit.not_sendable,
        "formats": list(read.formats),
        "files": read.files,
        "objects": {"requests": objects.requests, "seen": objects.seen},
        "zipf": _popularity(objects.popularity["zipf"], "alpha", objects.requests),
        "stretched_exponential": _popularity(
            objects.popularity["stretched_exponential"], "shape", objects.requests
        ),
        "chosen": objects.chosen.model,
        "hit_ratio": {
            "log": objects.lru.log,
            "fit": objects.lru.fit,
            "fit_low": objects.lru.fit_low,
            "fit_high": objects.lru.fit_high,
            "draws": objects.draws,
            "cache_objects": objects.cache_objects,
            "fit_che": objects.lru_che,
            "ttl_s": objects.ttl_s,
            "log_shuffled": objects.lru.shuffled,
            "ttl_log": objects.ttl.log,
            "ttl_log_shuffled": objects.ttl.shuffled,
            "ttl_fit": objects.ttl.fit,
            "ttl_fit_low": objects.ttl.fit_low,
            "ttl_fit_high": objects.ttl.fit_high,
        },
        "ks": distances(fit),
        "arrivals": {
            "shape": fit.arrivals.shape,
            "process": fit.arrivals.process,
            "duration_s": fit.arrivals.duration_s,
            "sessions": len(fit.visits),
            "dispersion": fit.arrivals.dispersion,
            "left_out_ratio": 1 - kept_share(fit),
        },
        "bursts": [
            {
                "span_s": burst.span_s,
                "at_s": burst.at_s,
                "log_per_s": burst.log_per_s,
                "fit_per_s": burst.fit_per_s,
                "ratio": burst.ratio,
                "flattened": burst.flattened,
            }
            for burst in fit.bursts
        ],
        "client_sessions": {
            "sessions": fit.sessions,
            "requests": _law(fit.session_requests),
            "gaps_s": _law(fit.session_gaps),
        },
        "sent_bytes": _law(fit.sizes),
        "flows": [{"flow": flow.name, "share": flow.visits / len(fit.visits)} for flow in flow_fits(fit)],
    }


def account(fit: LogFit, read: LogRead) -> list[str]:
    """A short account for people, a line each."""
    arrivals, objects = fit.arrivals, fit.objects
    files, visits = _counted(read.files, "file"), _counted(len(fit.visits), "session")
    flows = _counted(len(flow_fits(fit)), "flow") + _left_out(fit)
    return [
        f"{len(read.records)} requests from {files} ({', '.join(read.formats)}); skipped: "
        f"{read.bad} bad lines, {read.without_request} without a request",
        f"{fit.requests} can be sent from a plan, as {visits} of {flows}; {fit.not_sendable} of other "
        "methods cannot: logs hold no bodies and tokens",
        f"rate: {arrivals.shape}, {len(fit.visits) / arrivals.duration_s:.4g} sessions/s on average over "
        f"{arrivals.duration_s:g} s; {_process(fit)}",
        *map(_burst, fit.bursts),
        f"clients: {fit.sessions} sessions, requests a session {_shown(fit.session_requests)}, "
        f"seconds between them {_shown(fit.session_gaps)}",
        f"bytes an answer: {_shown(fit.sizes)}",
        f"popularity of {objects.seen} objects in {objects.requests} requests: "
        + "; ".join(_shown_popularity(one) for one in objects.popularity.values())
        + f"; chosen: {objects.chosen.model}",
        f"hit ratio of an LRU cache of {objects.cache_objects} objects: {_cache(objects.lru)}; "
        f"of one that keeps them {objects.ttl_s:g} s: {_cache(objects.ttl)} "
        f"(the fit's from {objects.draws} draws)",
        "KS distances: " + ", ".join(f"{name} {_distance(value)}" for name, value in distances(fit).items()),
    ]


def distances(fit: LogFit) -> dict[str, float | None]:
    """Kolmogorov-Smirnov distances between log and fit."""
    return {
        "interarrival": fit.gaps_distance,
        "popularity": fit.objects.distance,
        "requests_per_session": fit.session_requests_distance,
        "sent_bytes": fit.sizes_distance,
    }


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _burst(burst: Burst) -> str:
    said = (
        f"busiest {burst.span_s:g} s: {burst.log_per_s:.4g} sessions/s in the log, from {burst.at_s:.4g} s"
        f" on; {burst.fit_per_s:.4g}/s in the plan just then"
    )
    if not burst.flattened:
        return said
    return f'{said}: the fit flattens this burst. Replay the log (shape = "trace"), or add a spike phase'


def _cache(figures: CacheFigures) -> str:
    return (
        f"log {figures.log:.4f}, in random order {figures.shuffled:.4f}, fit {figures.fit:.4f} "
        f"({figures.fit_low:.4f} to {figures.fit_high:.4f})"
    )


def _distance(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _left_out(fit: LogFit) -> str:
    share = kept_share(fit)
    return "" if share == 1 else f" ({1 - share:.2%} of them, of rarer flows, are left out)"


def _process(fit: LogFit) -> str:
    dispersion = fit.arrivals.dispersion
    if dispersion is None:
        return f"{fit.arrivals.process} (too few arrivals to tell)"
    beyond = ", burstier than the plan's arrivals will be" if dispersion > 1.5 else ""
    return f"{fit.arrivals.process}: index of dispersion {dispersion:.2f}{beyond}"


def _popularity(fit: PopularityFit, key: str, requests: int) -> dict[str, Any]:
    document = {
        key: fit.parameter,
        "assets": fit.assets,
        "log_likelihood": fit.log_likelihood,
        "aic": fit.aic,
        f"{key}_by_rank": fit.by_rank,
    }
    return document if key == "alpha" else {**document, "scale": fit.scale(requests)}


def _law(law: Law | None) -> dict[str, Any] | None:
    if law is None:
        return None
    return {"law": law.name, **law.parameters, "log_likelihood": law.log_likelihood}


def _shown(law: Law | None) -> str:
    if law is None:
        return "n/a"
    parameters = ", ".join(f"{name} {value:.4g}" for name, value in law.parameters.items())
    median = f", median {math.exp(law.parameters['mu']):.4g}" if "mu" in law.parameters else ""
    return f"{law.name.replace('_count', '')} ({parameters}{median})"


def _shown_popularity(fit: PopularityFit) -> str:
    name = "Zipf alpha" if fit.model == "zipf" else "stretched exponential shape"
    return f"{name} {fit.parameter:.4g} over {fit.assets} (log-likelihood {fit.log_likelihood:.0f})"
