"""Today's worker: what the bench compares with, and what it costs a month."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tidegauge.analysis.transcode.document import Bench, Profile, task_use_number
from tidegauge.analysis.transcode.pareto import ON_DEMAND


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """The task size of today and its month; null where the document's task use or prices don't say."""

    profile: str | None
    vcpu: Decimal | None
    memory_gb: Decimal | None
    usd_per_hour: Decimal | None
    task_hours_per_month: Decimal | None
    assets_per_month: Decimal | None
    views_per_asset: Decimal | None

    @property
    def usd_per_month(self) -> Decimal | None:
        """The workers' bill, whatever they do in those hours."""
        if self.usd_per_hour is None or self.task_hours_per_month is None:
            return None
        return self.usd_per_hour * self.task_hours_per_month

    @property
    def size(self) -> str:
        """How people name it."""
        if self.vcpu is None or self.memory_gb is None:
            return "today's worker"
        return f"{self.vcpu.normalize():f} vCPU / {self.memory_gb.normalize():f} GB"


def seed_of(bench: Bench) -> Seed:
    """Today's worker as the document has it: an x86 Fargate task on demand."""
    vcpu, memory_gb = (task_use_number(bench, name) for name in ("worker_vcpu", "worker_memory_gb"))
    workers, hours = (task_use_number(bench, name) for name in ("workers", "hours_per_month"))
    assets = task_use_number(bench, "assets_per_month")
    views, views_per_asset = (task_use_number(bench, name) for name in ("views_per_month", "views_per_asset"))
    if views_per_asset is None and views is not None and assets is not None:
        views_per_asset = views / assets
    profile = next((each for each in bench.profiles if _is(each, vcpu, memory_gb)), None)
    return Seed(
        profile=None if profile is None else profile.name,
        vcpu=vcpu,
        memory_gb=memory_gb,
        usd_per_hour=None if profile is None else profile.usd_per_hour,
        task_hours_per_month=None if workers is None or hours is None else workers * hours,
        assets_per_month=assets,
        views_per_asset=views_per_asset,
    )


def _is(profile: Profile, vcpu: Decimal | None, memory_gb: Decimal | None) -> bool:
    return (
        profile.kind == "fargate"
        and profile.arch == "x86"
        and (profile.capacity or ON_DEMAND) == ON_DEMAND
        and vcpu is not None
        and memory_gb is not None
        and (profile.vcpu, profile.memory_gb) == (float(vcpu), float(memory_gb))
    )
