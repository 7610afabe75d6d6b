"""The bench's GPU questions: a break-even a GPU profile, and the bound of a free encoder a rendition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidegauge.analysis.transcode.document import Bench, Cell, Profile
from tidegauge.analysis.transcode.gpu import BreakEven, break_even, free_encoder_gain, speed_ratio_needed
from tidegauge.analysis.transcode.pareto import group_of
from tidegauge.analysis.transcode.seed import Seed

NO_SPEED = "no frames/s of this GPU: import a bench that ran there"
NO_PRICE = "the document has no hourly price of both"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEvenRow:
    """A GPU profile against today's worker, for one medium and rendition or by price alone."""

    profile: str
    gpu: str
    media: str | None = None
    rendition: str | None = None
    known: str | None = None  # how both speeds are known
    figures: BreakEven | None
    speed_ratio_needed_without_fees: float | None = (
        None  # by the bare instance's price, where the whole price has more parts
    )
    reason: str | None = None  # why there are no speeds


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundRow:
    """What a free encoder could gain at most."""

    media: str
    media_class: str | None
    rendition: str
    known: str
    cpu_s: float
    decode_cpu_s: float
    gain: float | None


def break_even_rows(bench: Bench, seed: Seed) -> tuple[BreakEvenRow, ...]:
    """A row a medium and rendition that a GPU profile made; one row by price for each other GPU profile."""
    return tuple(row for profile in bench.profiles if profile.gpu for row in _rows(profile, bench, seed))


def _rows(profile: Profile, bench: Bench, seed: Seed) -> list[BreakEvenRow]:
    gpu = profile.gpu or ""
    if profile.usd_per_hour is None or seed.usd_per_hour is None:
        return [BreakEvenRow(profile=profile.name, gpu=gpu, figures=None, reason=NO_PRICE)]
    made = [cell for cell in bench.cells if cell.profile == profile.name and jobs_per_hour(cell)]
    if not made:
        needed = BreakEven(speed_ratio_needed=speed_ratio_needed(profile.usd_per_hour, seed.usd_per_hour))
        bare = _without_fees(profile, seed)
        return [
            BreakEvenRow(
                profile=profile.name,
                gpu=gpu,
                figures=needed,
                speed_ratio_needed_without_fees=bare,
                reason=NO_SPEED,
            )
        ]
    return [_row(profile, cell, bench, seed) for cell in made]


def _row(profile: Profile, made: Cell, bench: Bench, seed: Seed) -> BreakEvenRow:
    assert profile.usd_per_hour is not None
    assert seed.usd_per_hour is not None
    gpu_jobs = jobs_per_hour(made)
    cpu = next((cell for cell in bench.cells if _same_job(cell, made, seed) and jobs_per_hour(cell)), None)
    cpu_jobs = None if cpu is None else jobs_per_hour(cpu)
    if cpu is None or cpu_jobs is None or gpu_jobs is None:
        figures = BreakEven(speed_ratio_needed=speed_ratio_needed(profile.usd_per_hour, seed.usd_per_hour))
        known, reason = None, f"{seed.profile or 'the size of today'} has not made this"
    else:
        figures = break_even(
            gpu_usd_per_hour=profile.usd_per_hour,
            cpu_usd_per_hour=seed.usd_per_hour,
            gpu_jobs_per_hour=gpu_jobs,
            cpu_jobs_per_hour=cpu_jobs,
        )
        known, reason = f"GPU {group_of(made).label}; CPU {group_of(cpu).label}", None
    return BreakEvenRow(
        profile=profile.name,
        gpu=profile.gpu or "",
        media=made.media,
        rendition=made.rendition,
        known=known,
        figures=figures,
        speed_ratio_needed_without_fees=_without_fees(profile, seed),
        reason=reason,
    )


def _without_fees(profile: Profile, seed: Seed) -> float | None:
    """The needed speed by the instance's own price; None where the price has no other part."""
    instance = profile.usd_per_hour_parts.get("instance")
    if instance is None or seed.usd_per_hour is None or instance == profile.usd_per_hour:
        return None
    return speed_ratio_needed(instance, seed.usd_per_hour)


def _same_job(cell: Cell, made: Cell, seed: Seed) -> bool:
    return (cell.media, cell.rendition, cell.profile) == (made.media, made.rendition, seed.profile)


def jobs_per_hour(cell: Cell) -> float | None:
    """How many such assets a task or instance makes that never waits; None where its speed isn't known."""
    if cell.frames_per_s is None or cell.frames is None:
        return None
    return cell.frames_per_s * 3600 / cell.frames


def bound_rows(cells: Sequence[Cell]) -> tuple[BoundRow, ...]:
    """A row a medium and rendition whose decoding alone was measured too, by its first such cell."""
    first: dict[tuple[str, str], BoundRow] = {}
    for cell in cells:
        if cell.cpu_s is None or cell.decode_cpu_s is None:
            continue
        row = BoundRow(
            media=cell.media,
            media_class=cell.media_class,
            rendition=cell.rendition,
            known=f"{cell.profile}, {group_of(cell).label}",
            cpu_s=cell.cpu_s,
            decode_cpu_s=cell.decode_cpu_s,
            gain=free_encoder_gain(cell.cpu_s, cell.decode_cpu_s),
        )
        first.setdefault((cell.media, cell.rendition), row)
    return tuple(first.values())
