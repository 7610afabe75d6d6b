"""The price book that a verb prices by: the region's own that came with the program, or a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tidegauge.cost.price_book import packaged_document, parse_price_book
from tidegauge.cost.prices import PriceBook
from tidegauge.errors import TidegaugeError

DEFAULT_REGION = "us-east-1"
BOOK_BYTES_MAX = 64 * 1024**2

prices_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--prices",
    "prices_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A price book, as `cost prices refresh` writes it; default: the region's own of this program.",
)


def read_prices(region: str, prices_file: Path | None) -> PriceBook:
    """The prices of `region` (exit 2 where there are none, or where the file is of another region)."""
    book = parse_book(read_prices_document(region, prices_file), prices_file)
    if book.region != region:
        raise TidegaugeError(
            f"price book {prices_file} is of region {book.region:.60}, not of {region:.60}",
            f"make one with: tidegauge cost prices refresh --region {region:.60} --out FILE",
        )
    return book


def parse_book(document: str, prices_file: Path | None) -> PriceBook:
    """The book in the document of `read_prices_document`."""
    return parse_price_book(
        document, "the price book" if prices_file is None else f"price book {prices_file}"
    )


def read_prices_document(region: str, prices_file: Path | None) -> str:
    """The document of the packaged book of `region`, or of the file."""
    if prices_file is None:
        return packaged_document(region)
    try:
        if prices_file.stat().st_size > BOOK_BYTES_MAX:
            raise TidegaugeError(
                f"price book {prices_file} has more than {BOOK_BYTES_MAX:,} bytes", "is it an offer file?"
            )
        return prices_file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text"
    except OSError as error:
        problem = str(error.strerror)
    raise TidegaugeError(f"price book {prices_file} cannot be read: {problem}", "check the path")
