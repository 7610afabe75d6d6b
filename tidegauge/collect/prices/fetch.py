"""Offers fetched from AWS: its public files, or its pricing API."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from tidegauge.collect.prices.files import CSV_BYTES_MAX, read_offer_file, read_offers
from tidegauge.collect.prices.offer_map import Wanted, usage_types
from tidegauge.collect.prices.offers import BadOffer, Offer, parse_offer
from tidegauge.errors import TidegaugeError

PUBLIC_URL = "https://pricing.us-east-1.amazonaws.com"  # no credentials needed
SECONDS_MAX = 900.0  # a file
SILENT_SECONDS_MAX = 30.0  # between two of its bytes
CHUNK_BYTES = 1 << 20
SAID_EVERY_BYTES = 64 * 1024**2
PAGES_MAX = 50  # the pricing API's answer for one usage type

Say = Callable[[str], None]


def gather_offers(
    wanted: Sequence[Wanted], region: str, *, folder: Path | None, client: Any | None, say: Say
) -> list[Offer]:
    """Offers from the files in `folder`, or from the pricing API by `client`, or from the public files."""
    if folder is not None:
        return read_offers(folder, usage_types(wanted))
    if client is not None:
        return list(parse_products(fetch_products(client, wanted, region, say=say), wanted))
    with tempfile.TemporaryDirectory(prefix="tidegauge-offers-") as scratch:
        return fetch_offers(wanted, region, Path(scratch), say=say)


def fetch_offers(
    wanted: Sequence[Wanted],
    region: str,
    folder: Path,
    *,
    say: Say,
    base_url: str = PUBLIC_URL,
    seconds_max: float = SECONDS_MAX,
) -> list[Offer]:
    """The public offer files that `wanted` stand in, by way of `folder`; each is removed when it was read."""
    names = usage_types(wanted)
    offers: list[Offer] = []
    files = dict.fromkeys((each.rule.offer, each.rule.scope) for each in wanted)
    for number, (code, scope) in enumerate(files, start=1):
        place = f"{region}/" if scope == "region" else ""
        url = f"{base_url}/offers/v1.0/aws/{code}/current/{place}index.csv"
        path = folder / f"{code}-{scope}.csv"
        say(f"{number} of {len(files)}: {url}")
        _download(url, path, say, seconds_max)
        offers += read_offer_file(path, names)
        path.unlink()
    return offers


def _download(url: str, path: Path, say: Say, seconds_max: float) -> None:
    timeout = urllib3.Timeout(connect=10, read=SILENT_SECONDS_MAX)
    until, size, said = time.monotonic() + seconds_max, 0, 0
    try:
        with (
            urllib3.PoolManager(retries=urllib3.Retry(2, redirect=0)) as pool,
            pool.request("GET", url, preload_content=False, timeout=timeout) as answer,
            path.open("wb") as file,
        ):
            if answer.status != 200:
                raise TidegaugeError(f"{url} answers {answer.status}", "is the region's name right?")
            for chunk in answer.stream(CHUNK_BYTES):
                size += file.write(chunk)
                if size > CSV_BYTES_MAX or time.monotonic() > until:
                    limit = f"{CSV_BYTES_MAX:,} bytes" if size > CSV_BYTES_MAX else f"{seconds_max:g} s"
                    raise TidegaugeError(
                        f"{url} takes more than {limit}", "fetch it by yourself, then use --from"
                    )
                if size - said >= SAID_EVERY_BYTES:
                    said = size
                    say(f"  {size / 1e6:,.0f} MB")
    except urllib3.exceptions.HTTPError as error:
        raise TidegaugeError(
            f"{url} cannot be fetched: {error!s:.200}",
            "is this machine online? else fetch it, then use --from",
        ) from None
    except OSError as error:
        raise TidegaugeError(f"{path} cannot be written: {error.strerror}", "is the disk full?") from None


def fetch_products(
    client: Any, wanted: Sequence[Wanted], region: str, *, say: Say
) -> Iterator[Mapping[str, Any]]:
    """The replies of `pricing:GetProducts` for the usage types of `wanted`, page by page.

    `client` is a boto3 `pricing` client.
    """
    for number, each in enumerate(wanted, start=1):
        say(f"{number} of {len(wanted)}: {each.rule.offer} {each.names[0]}")
        for usage_type in sorted(each.usage_types):
            filters = [_term("usagetype", usage_type)]
            if each.rule.scope == "region":
                filters.append(_term("regionCode", region))
            yield from _pages(client, each.rule.offer, filters)


def parse_products(replies: Iterable[Mapping[str, Any]], wanted: Sequence[Wanted]) -> Iterator[Offer]:
    """The offers in replies of GetProducts (exit 2 for a damaged one)."""
    names = usage_types(wanted)
    for reply in replies:
        try:
            yield from parse_offer(reply, names)
        except BadOffer as error:
            raise TidegaugeError(
                f"a reply of the pricing API cannot be read: {error!s:.200}", "use the offer files"
            ) from None


def _term(field: str, value: str) -> dict[str, str]:
    return {"Type": "TERM_MATCH", "Field": field, "Value": value}


def _pages(client: Any, code: str, filters: list[dict[str, str]]) -> Iterator[Mapping[str, Any]]:
    token: dict[str, str] = {}
    try:
        for _ in range(PAGES_MAX):
            reply = client.get_products(
                ServiceCode=code, Filters=filters, FormatVersion="aws_v1", MaxResults=100, **token
            )
            yield reply
            if not reply.get("NextToken"):
                return
            token = {"NextToken": reply["NextToken"]}
    except (BotoCoreError, ClientError) as error:
        raise TidegaugeError(
            f"the pricing API cannot be asked for {code}: {error!s:.200}",
            "it needs credentials that allow pricing:GetProducts; the public offer files need none",
        ) from None
    raise TidegaugeError(f"the pricing API has more than {PAGES_MAX} pages of {code}", "use the offer files")
