"""Usage files on the command line, added up to one month."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tidegauge.cli.cost.price_files import read_prices
from tidegauge.cost.bill import add_up, scale_to_month
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.usage import Usage, read_usage
from tidegauge.errors import TidegaugeError


def read_month(
    paths: Sequence[Path], *, month: bool, prices_file: Path | None = None
) -> tuple[Usage, PriceBook]:
    """The usage of all files, scaled from its window to a month where asked, and its region's prices."""
    used = add_up([_read(path) for path in paths])
    book = read_prices(used.region, prices_file)
    return scale_to_month(used, book) if month else used, book


def _read(path: Path) -> Usage:
    try:
        return read_usage(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError:
        raise TidegaugeError(f"{path} is not UTF-8 text", "usage is a JSON document") from None
    except OSError as error:
        raise TidegaugeError(f"{path} cannot be read: {error.strerror}", "check the path") from None
