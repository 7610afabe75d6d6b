"""Cost against time over profiles, and which of them no other beats in both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tidegauge.analysis.transcode.document import Cell, Curve, Provenance

ON_DEMAND = "on_demand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Figures that may be held against each other: known the same way, from one ffmpeg build.

    A measured profile is hardware of its own, so its machine is not part of the group; an emulation and an
    import stand for the machine that they ran on.
    """

    provenance: Provenance
    ffmpeg: str
    machine: str

    @property
    def label(self) -> str:
        """How the figures are known, in words."""
        where = f" on {self.machine}" if self.machine else ", each profile on its own hardware"
        return f"{self.provenance}{where}, {self.ffmpeg}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One profile: median wall time and cost of an asset."""

    profile: str
    wall_s: float
    wall_s_low: float  # the median's interval; the median itself where the bench gives none
    wall_s_high: float
    cost_usd: Decimal
    provenance: Provenance
    unstable: bool
    capacity: str  # on_demand or spot: Spot may be taken away, so the two are not weighed by price
    on_front: bool  # no other point of this capacity is as fast and as cheap, and better in one of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The points of a medium in a rendition, fastest first, all of one group."""

    media: str
    media_class: str | None
    rendition: str
    group: Group
    points: tuple[Point, ...]


def group_of(row: Cell | Curve) -> Group:
    """What `row` may be compared with."""
    own_hardware = row.provenance == "measured" and row.profile != "local-machine"
    return Group(provenance=row.provenance, ffmpeg=row.ffmpeg, machine="" if own_hardware else row.machine)


def fronts(cells: Sequence[Cell], capacities: Mapping[str, str]) -> tuple[Front, ...]:
    """A front a medium, rendition and group, in the cells' order; a cell without a price is left out.

    `capacities`: profile to on_demand or spot.
    """
    rows: dict[tuple[str, str, Group], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.wall_s is not None and cell.cost_usd_per_asset is not None:
            rows[cell.media, cell.rendition, group_of(cell)].append(cell)
    return tuple(
        Front(
            media=media,
            media_class=found[0].media_class,
            rendition=rendition,
            group=group,
            points=_points(found, capacities),
        )
        for (media, rendition, group), found in rows.items()
    )


def _points(cells: Sequence[Cell], capacities: Mapping[str, str]) -> tuple[Point, ...]:
    known = [
        (cell.wall_s, cell.cost_usd_per_asset, capacities.get(cell.profile, ON_DEMAND), cell)
        for cell in cells
        if cell.wall_s is not None and cell.cost_usd_per_asset is not None
    ]
    points = [
        Point(
            profile=cell.profile,
            wall_s=wall_s,
            wall_s_low=min(wall_s, cell.wall_s_low or wall_s),
            wall_s_high=max(wall_s, cell.wall_s_high or wall_s),
            cost_usd=cost,
            provenance=cell.provenance,
            unstable=bool(cell.unstable),
            capacity=capacity,
            on_front=not any(
                other_s <= wall_s and other_cost <= cost and (other_s < wall_s or other_cost < cost)
                for other_s, other_cost, other_capacity, _ in known
                if other_capacity == capacity
            ),
        )
        for wall_s, cost, capacity, cell in known
    ]
    return tuple(sorted(points, key=lambda point: (point.wall_s, point.cost_usd, point.profile)))
