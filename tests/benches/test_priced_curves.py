"""The curves of a size of task become those of every profile that is of this size, at its price."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from benches.transcode.outcome import Costing
from benches.transcode.priced_curves import Curves
from benches.transcode.profiles import load_profiles
from benches.transcode.task_use import load_task_use
from tidegauge.collect.prices.packaged import read_prices

TASK = load_profiles()["fargate-x86-2vcpu-4gb"]
SPOT = load_profiles()["fargate-x86-2vcpu-4gb-spot"]
OTHER = load_profiles()["fargate-x86-1vcpu-2gb"]
POINT = {"setting": "crf=23", "bytes_out": 1000, "vmaf_mean": 95.0, "cpu_s": 5.0, "wall_s": 3.6}
CURVE: dict[str, Any] = {"media": "a.gif", "rendition": "webp", "profile": TASK.name, "points": [POINT]}


def priced(*profiles: Any) -> list[dict[str, Any]]:
    task_use = load_task_use({"cold_start_s": Fraction(0)})
    costing = Costing(book=read_prices("us-east-1"), task_use=task_use)
    return Curves(found=[(TASK.size, CURVE)]).priced(profiles, costing)


def test_each_profile_of_the_size_has_the_curve_at_its_own_price() -> None:
    curves = priced(TASK, SPOT, OTHER)
    assert [curve["profile"] for curve in curves] == [TASK.name, SPOT.name]
    costs = [Decimal(curve["points"][0]["cost_usd_per_asset"]) for curve in curves]
    assert costs == [Decimal("0.00009874"), Decimal("0.000029622")]  # a thousandth of an hour


def test_what_was_measured_stays_as_it_was() -> None:
    (curve,) = priced(TASK)
    assert POINT.items() <= curve["points"][0].items()
