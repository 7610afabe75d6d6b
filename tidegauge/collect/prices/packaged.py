"""Prices and other dated facts about cost, read from the files of this program or a file of the user's.

The room `cost` computes with them and opens no file itself.
"""

from __future__ import annotations

import json
import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from tidegauge.collect.prices.offer_map import OfferMap
from tidegauge.cost.audit.references import References
from tidegauge.cost.price_book import parse_price_book
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.what_if.commitments import Commitments
from tidegauge.cost.what_if.counterparts import Counterparts
from tidegauge.cost.what_if.flat_rates import FlatRates
from tidegauge.documents import parse
from tidegauge.errors import TidegaugeError, nearest

BOOK_BYTES_MAX = 64 * 1024**2


def packaged_regions() -> list[str]:
    """The regions whose books came with the program: a file each."""
    return sorted(entry.name.removesuffix(".json") for entry in _file("cost", "prices").iterdir())


def read_prices(region: str, prices_file: Path | None = None) -> PriceBook:
    """The prices of `region` (exit 2 where there are none, or where the file has another region's)."""
    book = parse_book(read_prices_document(region, prices_file), prices_file)
    if book.region != region:
        raise TidegaugeError(
            f"price book {prices_file} has the prices of region {book.region:.60}, not of {region:.60}",
            f"make one with: tidegauge cost prices refresh --region {region:.60} --out FILE",
        )
    return book


def parse_book(document: str, prices_file: Path | None) -> PriceBook:
    """The book in what `read_prices_document` returned."""
    return parse_price_book(
        document, "the price book" if prices_file is None else f"price book {prices_file}"
    )


def read_prices_document(region: str, prices_file: Path | None = None) -> str:
    """The text of a price book: of `prices_file`, else of the region's book that came with the program."""
    if prices_file is None:
        return _packaged_document(region)
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


def read_references() -> References:
    """Measurements by others that an estimate's claims are held against."""
    return parse(References, _json("cost", "audit", "references.json"), "references.json")


def read_flat_rates() -> FlatRates:
    """The terms of CloudFront's flat-rate plans."""
    return parse(FlatRates, _json("cost", "what_if", "plans.json"), "plans.json")


def read_commitments() -> Commitments:
    """What committing to a term takes off on-demand prices."""
    return parse(Commitments, _json("cost", "what_if", "commitments.json"), "commitments.json")


def read_cloudflare_counterparts() -> Counterparts:
    """What takes the place of AWS' units at Cloudflare."""
    return parse(Counterparts, _json("cost", "what_if", "cloudflare_map.json"), "cloudflare_map.json")


def read_offer_map() -> OfferMap:
    """Where our prices stand in AWS' offers."""
    document = _file("collect", "prices", "offer_map.toml").read_text(encoding="utf-8")
    return parse(OfferMap, tomllib.loads(document), "offer_map.toml")


def _packaged_document(region: str) -> str:
    known = packaged_regions()
    if region not in known:
        raise TidegaugeError(f"there are no prices for region '{region:.60}'", nearest(region, known))
    return _file("cost", "prices", f"{region}.json").read_text(encoding="utf-8")


def _json(*path: str) -> object:
    return json.loads(_file(*path).read_text(encoding="utf-8"))


def _file(*path: str) -> Traversable:
    return resources.files("tidegauge").joinpath(*path)
