"""Offer files in a folder: AWS's public files, or replies of its pricing API, fetched before."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tidegauge.collect.prices.offers import BadOffer, Offer, parse_offer_csv, parse_offer_json
from tidegauge.errors import TidegaugeError

JSON_BYTES_MAX = 128 * 1024**2  # JSON is parsed whole; the greatest offer needed, EC2's, is read as CSV
CSV_BYTES_MAX = 2 * 1024**3  # EC2's of us-east-1 was 304 MB in September 2026
FILES_MAX = 1000


def read_offers(folder: Path, wanted: Collection[str]) -> list[Offer]:
    """The offers in the .json and .csv files of `folder` (exit 2 names a file that is not one)."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".csv"))
    except OSError as error:
        raise TidegaugeError(f"folder {folder} cannot be read: {error.strerror}", "check the path") from None
    if not paths or len(paths) > FILES_MAX:
        raise TidegaugeError(
            f"folder {folder} has {len(paths)} offer files",
            f"it should have from 1 to {FILES_MAX} files named .json or .csv",
        )
    return [offer for path in paths for offer in read_offer_file(path, wanted)]


def read_offer_file(path: Path, wanted: Collection[str]) -> list[Offer]:
    """The offers in one file."""
    most = JSON_BYTES_MAX if path.suffix == ".json" else CSV_BYTES_MAX
    try:
        size = path.stat().st_size
        if size > most:
            raise TidegaugeError(
                f"offer file {path} has {size:,} bytes; at most {most:,} are read of this format",
                "take index.csv in place of index.json, and a region's in place of the global one",
            )
        if path.suffix == ".json":
            return list(parse_offer_json(path.read_text(encoding="utf-8"), wanted))
        with path.open(encoding="utf-8", newline="") as lines:
            return list(parse_offer_csv(lines, wanted))
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text"
    except OSError as error:
        problem = str(error.strerror)
    except BadOffer as error:
        problem = str(error)
    raise TidegaugeError(f"offer file {path} cannot be read: {problem:.300}", "fetch it again, or remove it")
