"""Usage files as one month, priced, and what other terms would make of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tidegauge.collect.prices.packaged import (
    read_cloudflare_counterparts,
    read_commitments,
    read_flat_rates,
    read_prices,
)
from tidegauge.cost.bill import add_up, scale_to_month
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.usage import Usage, read_usage
from tidegauge.cost.what_if.cloudflare import BOOK, elsewhere_document, on_cloudflare
from tidegauge.cost.what_if.month import Month
from tidegauge.cost.what_if.result import what_if_rows, what_ifs
from tidegauge.errors import TidegaugeError


def read_month(
    paths: Sequence[Path], *, month: bool, prices_file: Path | None = None
) -> tuple[Usage, PriceBook]:
    """The usage of all files, scaled from its window to a month where asked, and its region's prices."""
    used = add_up([_read(path) for path in paths])
    book = read_prices(used.region, prices_file)
    return scale_to_month(used, book) if month else used, book


def what_if_lists(month: Month | None) -> dict[str, list[dict[str, object]]]:
    """The rows of every what-if, and of the month at other providers; none where there is no month."""
    if month is None:
        return {"what_ifs": [], "elsewhere": []}
    found = on_cloudflare(month, read_prices(BOOK), read_cloudflare_counterparts())
    return {
        "what_ifs": what_if_rows(what_ifs(month, read_flat_rates(), read_commitments())),
        "elsewhere": [] if found is None else [elsewhere_document("Cloudflare", found)],
    }


def _read(path: Path) -> Usage:
    try:
        return read_usage(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError:
        raise TidegaugeError(f"{path} is not UTF-8 text", "usage is a JSON document") from None
    except OSError as error:
        raise TidegaugeError(f"{path} cannot be read: {error.strerror}", "check the path") from None
