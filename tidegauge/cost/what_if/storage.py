"""What-ifs of cheaper classes: S3's storage classes, and CloudWatch's log class for infrequent access."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if.change import Change
from tidegauge.cost.what_if.month import GB, Month, some, times, with_attribute
from tidegauge.cost.what_if.traffic import Items, of_units, with_items
from tidegauge.cost.words import count

STANDARD = "standard"
TIERING = "intelligent_tiering"
COLD_TIER = "intelligent_tiering_infrequent"
LOG_CLASS = "infrequent_access"
NOT_MOVED = "what it takes to move the objects that are there is not counted"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageClass:
    """A class whose bytes cost less to keep and more to read."""

    name: str
    title: str
    days: int  # the least that an object is billed for


CLASSES = (
    StorageClass(name="standard_ia", title="Infrequent Access", days=30),
    StorageClass(name="glacier_instant", title="Glacier Instant Retrieval", days=90),
)


def cheaper_classes(month: Month) -> Iterator[Change]:
    """S3's standard storage in classes that charge for reading."""
    kept = sum(_quantities(month, "storage_byte_month"), Fraction(0))
    if not kept:
        return
    gets = sum(_quantities(month, "get_request"), Fraction(0))
    read, how = _read_bytes(month, gets)
    for each in CLASSES:
        name, title = f"s3_{each.name}", f"S3's standard storage as {each.title}"
        if read is None:
            yield Change(id=name, title=title, items=None, message=how, no_break_even=how)
            continue
        after = (*_in_class(month, each.name), *_retrieved(read, each.name))
        unit, now = ("s3 get_request", gets) if gets else ("s3 retrieved_byte", read)
        yield Change(
            id=name,
            title=title,
            items=after,
            message=f"{count(kept / GB, 4)} GB kept and {count(read / GB, 4)} GB read a month",
            assumptions=(
                how,
                f"objects have 128 KB and more and stay {each.days} days",
                NOT_MOVED,
            ),
            traffic=with_items(month, after, unit, now, _is_reading),
            no_break_even="nothing is read: it costs less whatever is kept",
        )


def intelligent_tiering(month: Month) -> Iterator[Change]:
    """S3's standard storage with the bytes that nobody reads in the infrequent tier."""
    kept = sum(_quantities(month, "storage_byte_month"), Fraction(0))
    if not kept:
        return
    name, title = f"s3_{TIERING}", "S3's standard storage with Intelligent-Tiering"
    objects = month.notes.get("assets", month.quantity("s3", "monitored_object_month"))
    cold = month.notes.get("s3_cold_share")
    none = "reads cost the same in both classes"
    if not objects or cold is None:
        needed = (*(() if objects else ("assets",)), *(() if cold is not None else ("s3_cold_share",)))
        message = f"how much stays unread is not known: give {' and '.join(needed)}"
        yield Change(id=name, title=title, items=None, message=message, no_break_even=none)
        return
    yield Change(
        id=name,
        title=title,
        items=_tiered(month, cold, objects),
        message=f"{float(cold):.0%} of {count(kept / GB, 4)} GB unread for 30 days, {count(objects)} objects "
        f"watched{_even_share(month, objects, kept)}",
        assumptions=("objects have 128 KB and more", NOT_MOVED),
        no_break_even=none,
    )


def log_class(month: Month) -> Iterator[Change]:
    """Logs taken in as the class for infrequent access."""
    taken_in = of_units("cloudwatch", "log_ingested_byte")
    plain = [item for item in month.usage.items if taken_in(item) and not item.attributes]
    now = sum((Fraction(item.quantity) for item in plain), Fraction(0))
    if not plain:
        return
    after = month.changed(
        lambda _at, item: with_attribute(item, "log_class", LOG_CLASS) if item in plain else item
    )
    yield Change(
        id="logs_infrequent_access",
        title="Logs in the class for infrequent access",
        items=after,
        message=f"{count(now / GB, 4)} GB taken in, without metric filters, subscriptions and live tail",
        assumptions=("a log group's class is chosen when it is made: existing groups start anew",),
        traffic=with_items(month, after, "cloudwatch log_ingested_byte", now, taken_in),
        no_break_even="no logs are taken in",
    )


def _tiered(month: Month, cold: Fraction, objects: Fraction) -> Items:
    items: list[UsageItem] = [some("s3", "monitored_object_month", objects, storage_class=TIERING)]
    for item in month.usage.items:
        if _is_standard(item) and item.unit == "storage_byte_month":
            parts = ((1 - cold, TIERING), (cold, COLD_TIER))
            items += [
                with_attribute(times(item, share), "storage_class", tier) for share, tier in parts if share
            ]
        elif _is_standard(item):
            items.append(with_attribute(item, "storage_class", TIERING))
        elif (item.service, item.unit) != ("s3", "monitored_object_month"):
            items.append(item)
    return tuple(items)


def _in_class(month: Month, name: str) -> Items:
    return month.changed(
        lambda _at, item: with_attribute(item, "storage_class", name) if _is_standard(item) else item
    )


def _retrieved(read: Fraction, name: str) -> Items:
    return (some("s3", "retrieved_byte", read, storage_class=name),) if read else ()


def _read_bytes(month: Month, gets: Fraction) -> tuple[Fraction | None, str]:
    """(bytes a month that are read from S3, where the figure is from); None where it is not known."""
    noted = month.notes.get("s3_retrieved_gb_per_month")
    if noted is not None:
        return noted * GB, f"{count(noted, 4)} GB read a month, as the notes say"
    if not gets:
        return Fraction(0), "the month has no GETs of S3, so nothing is taken to be read"
    sent = month.quantity("cloudfront", "egress_byte")
    requests = month.quantity("cloudfront", "http_request", "https_request")
    if not sent or not requests:
        return None, "how much is read is not known: give s3_retrieved_gb_per_month"
    mean = sent / requests
    return (
        gets * mean,
        f"a GET of S3 reads {count(mean / 1024, 3)} KB, what the CDN sends a request on average",
    )


def _is_standard(item: UsageItem) -> bool:
    return (
        item.service == "s3"
        and item.unit in ("storage_byte_month", "get_request", "put_request")
        and dict(item.attributes).get("storage_class") == STANDARD
    )


def _quantities(month: Month, unit: str) -> Iterator[Fraction]:
    return (Fraction(item.quantity) for item in month.usage.items if _is_standard(item) and item.unit == unit)


def _even_share(month: Month, objects: Fraction, kept: Fraction) -> str:
    """From which unread share on the watching of the objects is paid for."""
    watching = month.list_price("s3", "monitored_object_month", (("storage_class", TIERING),))
    frequent = month.list_price("s3", "storage_byte_month", (("storage_class", STANDARD),))
    cold = month.list_price("s3", "storage_byte_month", (("storage_class", COLD_TIER),))
    if watching is None or frequent is None or cold is None or frequent <= cold:
        return ""
    even = objects * watching / kept / (frequent - cold)
    return f"; at first-tier prices it pays where more than {float(even):.1%} stays unread"


_is_reading = of_units("s3", "get_request", "retrieved_byte")
