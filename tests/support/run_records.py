"""Made-up records of runs, valid in every part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tidegauge.plan import Plan
from tidegauge.run_record import Machine, MeasuredWindow, RunRecord
from tidegauge.stack import Stack


def run_record(plan: Plan, stack: Stack, **changes: Any) -> RunRecord:
    """The record of a run of `plan` that ended by itself, with `changes`."""
    machine = Machine(os="Linux 6.1", architecture="x86_64", cpu_model="made up", cores=2, memory_bytes=2**33)
    run = RunRecord(
        run_id="r",
        started_at="2026-11-03T14:15:02+00:00",
        seed=plan.seed,
        processes=1,
        connections=plan.connections,
        window=MeasuredWindow(start_s=plan.warmup_s, end_s=plan.duration_s),
        start_unix_s=1.0,
        interrupted=False,
        fatal=(),
        notes=(),
        local=False,
        cache_state_before="unknown",
        parts=(),
        catalogue=None,
        assets=0,
        architecture=None,
        endpoints=(),
        plan=plan,
        stack=stack,
        versions={"tidegauge": "0.1.0"},
        machine=machine,
        git_commit=None,
    )
    return replace(run, **changes)
