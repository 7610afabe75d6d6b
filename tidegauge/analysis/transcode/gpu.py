"""When a GPU pays: from prices alone, from frames a second, and how much of the work it can take at all."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """One GPU instance, paid by the hour whether busy or not, against CPU tasks for as long as they work.

    - `speed_ratio_needed`: how many times as fast as the CPU task it must be to cost the same an asset where
      both are equally busy: the ratio of their prices.
    - `jobs_per_hour`: from here on the GPU is the cheaper; below, it stands idle too much.
    - `utilisation`: how busy the GPU is there; above 1 it can't do so many jobs, so it never pays.
    """

    speed_ratio_needed: float
    speed_ratio: float | None = None
    jobs_per_hour: float | None = None
    utilisation: float | None = None

    @property
    def pays(self) -> bool | None:
        """Whether one GPU can do enough jobs to pay for itself; None where its speed is not known."""
        return None if self.utilisation is None else self.utilisation <= 1


def speed_ratio_needed(gpu_usd_per_hour: Decimal, cpu_usd_per_hour: Decimal) -> float:
    """Price over price: equally busy, cost an asset is the hour's price over the assets in it."""
    return float(gpu_usd_per_hour / cpu_usd_per_hour)


def break_even(
    *,
    gpu_usd_per_hour: Decimal,
    cpu_usd_per_hour: Decimal,
    gpu_jobs_per_hour: float,
    cpu_jobs_per_hour: float,
    cpu_utilisation: float = 1.0,
) -> BreakEven:
    """Where n jobs an hour cost the same: gpu_price = n / (cpu_jobs * cpu_utilisation) * cpu_price.

    Jobs an hour are those of a task or instance that never waits. `cpu_utilisation` is the share of a CPU
    task's paid time in which it works: near 1, as tasks come and go with the queue, billed by the second.
    """
    needed = speed_ratio_needed(gpu_usd_per_hour, cpu_usd_per_hour)
    jobs = needed * cpu_jobs_per_hour * cpu_utilisation
    return BreakEven(
        speed_ratio_needed=needed,
        speed_ratio=gpu_jobs_per_hour / cpu_jobs_per_hour,
        jobs_per_hour=jobs,
        utilisation=jobs / gpu_jobs_per_hour,
    )


def free_encoder_gain(cpu_s: float, decode_cpu_s: float) -> float | None:
    """How many times faster a rendition gets at most if encoding costs nothing (Amdahl 1967).

    Decoding and colour conversion stay on the CPU. None where the two figures contradict each other.
    """
    return cpu_s / decode_cpu_s if 0 < decode_cpu_s <= cpu_s else None
