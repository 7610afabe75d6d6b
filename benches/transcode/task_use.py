"""How a transcode task is used, as data: what the cost of an asset rests on besides prices and times."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from tidegauge.cost.transcode import Terms
from tidegauge.errors import TidegaugeError

TASK_USE_FILE = Path(__file__).with_name("task_use.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """One value and where it comes from."""

    value: Fraction
    source: str

    def document(self) -> dict[str, object]:
        """As bench.json carries it: whole where it is whole."""
        whole = self.value.denominator == 1
        return {"value": int(self.value) if whole else float(self.value), "source": self.source}


def load_task_use(given: Mapping[str, Fraction], path: Path = TASK_USE_FILE) -> dict[str, Assumed]:
    """The file's values with what follows from them; `given` (by name) takes the place of any.

    jobs_per_task = assets a month / (workers x starts of each); views_per_asset = views / assets.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    found = {name: Assumed(value=Fraction(row["value"]), source=row["source"]) for name, row in data.items()}
    for name, value in given.items():
        found[name] = Assumed(value=value, source="as asked for on the command line")
    assets, views = found["assets_per_month"].value, found["views_per_month"].value
    workers, starts = found["workers"].value, found["starts_per_worker"].value
    derived = {
        "views_per_asset": Assumed(
            value=views / assets, source=f"{_shown(views)} views / {_shown(assets)} assets a month"
        ),
        "jobs_per_task": Assumed(
            value=max(Fraction(assets // (workers * starts)), Fraction(1)),
            source=(
                f"{_shown(assets)} assets / ({_shown(workers)} workers x {_shown(starts)} starts) a month, "
                "rounded down"
            ),
        ),
    }
    return {**derived, **found}


def terms_of(task_use: Mapping[str, Assumed]) -> Terms:
    """The part that an asset's cost is worked out from (exit 2 where a value makes no sense)."""
    try:
        return Terms(
            jobs_per_task=task_use["jobs_per_task"].value,
            cold_start_s=task_use["cold_start_s"].value,
            utilisation=task_use["utilisation"].value,
            views_per_asset=task_use["views_per_asset"].value,
        )
    except ValueError as error:
        raise TidegaugeError(f"the task use makes no sense: {error}") from None


def _shown(value: Fraction) -> str:
    return f"{float(value):,.10g}"
