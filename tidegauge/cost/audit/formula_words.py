"""The words of formulas: units, things that are counted, and what people write around them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tidegauge.cost.audit.dimensions import BYTES, DAY, MONTH, NONE, TIME, USD, VCPU, WEEK, Amount

_ONE, _THOUSAND, _MILLION, _BILLION = (Fraction(10) ** power for power in (0, 3, 6, 9))

# As they are written: `10 M requests`, `$0.20/K`. A lone B may be bytes, so only `10B` is ten billion.
EXACT = {"K": Amount(_THOUSAND), "k": Amount(_THOUSAND), "M": Amount(_MILLION)}

# In any case, and in the plural. 1 GB = 2**30 bytes, as AWS bills storage, transfer and memory.
UNITS: dict[str, Amount] = {
    "usd": Amount(_ONE, USD),
    "dollar": Amount(_ONE, USD),
    "cent": Amount(Fraction(1, 100), USD),
    "vcpu": Amount(_ONE, VCPU),
    "byte": Amount(_ONE, BYTES),
    **{
        f"{prefix}{ending}": Amount(Fraction(2**power), BYTES)
        for prefix, power in (("k", 10), ("m", 20), ("g", 30), ("t", 40), ("p", 50))
        for ending in ("b", "ib")
    },
    **dict.fromkeys(("ms", "millisecond"), Amount(Fraction(1, 1000), TIME)),
    **dict.fromkeys(("s", "sec", "second"), Amount(_ONE, TIME)),
    **dict.fromkeys(("min", "minute"), Amount(Fraction(60), TIME)),
    **dict.fromkeys(("h", "hr", "hour"), Amount(Fraction(3600), TIME)),
    **dict.fromkeys(("d", "day"), Amount(_ONE, DAY)),
    **dict.fromkeys(("wk", "week"), Amount(_ONE, WEEK)),
    **dict.fromkeys(("mo", "mth", "month"), Amount(_ONE, MONTH)),
    **dict.fromkeys(("yr", "year"), Amount(Fraction(12), MONTH)),
    "hourly": Amount(Fraction(1, 3600), (("s", -1),)),
    "daily": Amount(_ONE, (("day", -1),)),
    "weekly": Amount(_ONE, (("week", -1),)),
    "monthly": Amount(_ONE, (("month", -1),)),
    **dict.fromkeys(("yearly", "annually"), Amount(Fraction(1, 12), (("month", -1),))),
    "thousand": Amount(_THOUSAND),
    **dict.fromkeys(("million", "mio", "mn"), Amount(_MILLION)),
    **dict.fromkeys(("billion", "bn"), Amount(_BILLION)),
}
# fmt: off
COUNTED = frozenset([
    "account", "address", "alarm", "alb", "api", "asset", "az", "bucket", "call", "client", "cluster",
    "connection", "container", "copy", "dashboard", "database", "distribution", "domain", "download",
    "endpoint", "event", "execution", "file", "function", "gateway", "gif", "image", "instance",
    "invocation", "ip", "item", "job", "key", "lambda", "lcu", "line", "link", "lookup", "message",
    "metric", "multiplier", "nat", "node", "object", "operation", "parameter", "path", "person", "query",
    "queue", "rcu", "read", "record", "replica", "repository", "request", "resource", "rru", "rule",
    "secret", "server", "service", "session", "shard", "table", "task", "trace", "transaction", "trigger",
    "unit", "upload", "user", "utilized", "version", "video", "view", "viewer", "visitor", "vm", "volume",
    "vpc", "wcu", "worker", "write", "wru", "zone",
])
# What stands beside a value and changes nothing: `100,000 PUT requests`, `0.096 USD On Demand hourly cost`.
IDLE = frozenset([
    "about", "active", "additional", "app", "approx", "arm", "average", "avg", "billable", "cache",
    "charge", "cloudfront", "cost", "custom", "data", "demand", "each", "edge", "egress", "ephemeral",
    "estimated", "fargate", "fee", "fifo", "free", "get", "hosted", "http", "https", "in", "infrequent",
    "ingested", "ingestion", "ingress", "internet", "list", "logs", "media", "memory", "on", "on-demand",
    "only", "origin", "out", "outbound", "page", "post", "price", "primary", "private", "processed",
    "processing", "provisioned", "public", "put", "ram", "rate", "redis", "regional", "rest", "retained",
    "running", "s3", "scanned", "spot", "ssd", "standard", "storage", "stored", "the", "tier", "total",
    "traffic", "transfer", "transferred", "valkey", "websocket", "x86",
])
# fmt: on
FREE = "free"  # the idle word that says what a formula takes off
TIMES, OVER = frozenset(["x", "times", "at", "of"]), frozenset(["per", "a", "an", "every"])
COMMENT = "for"  # `100,000 requests for the media bucket`: the words after it say nothing of amounts


def unit_named(word: str) -> Amount | None:
    """What one of `word` is; things that are counted are plain numbers, as an estimate counts them."""
    if word in EXACT:
        return EXACT[word]
    for known in singulars(word.removesuffix("(s)").lower()):
        if known in UNITS:
            return UNITS[known]
        if known in COUNTED:
            return Amount(_ONE, NONE)
    return None


def singulars(word: str) -> Iterator[str]:
    """The word, and what it may be the plural of."""
    yield word
    for ending, singular in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending):
            yield word.removesuffix(ending) + singular
