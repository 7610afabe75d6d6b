"""Which format a log is in, by its content; file names do not tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, Protocol

from tidegauge.workload.logs.balancer import TYPES, Balancer
from tidegauge.workload.logs.cloudfront import FIELDS_AT_LEAST, JsonLines, TabSeparated, header_fields
from tidegauge.workload.logs.record import LogRecord, Period

Format = Literal["cloudfront-tsv", "cloudfront-json", "cloudfront-parquet", "alb"]
TEST_FILE = "Enable AccessLog for ELB"  # AWS writes a file that begins so when logging is switched on


class LineParser(Protocol):
    """Parses the lines of one file."""

    def parse(self, line: str) -> LogRecord | None:
        """The record of a line, None for a header; BadLine or NoRequest where it has none."""


def recognise(lines: Sequence[str]) -> Format | None:
    """The format that most of a file's first lines are in; None when none is recognised."""
    votes = Counter(found for found in map(_of_line, lines) if found is not None)
    return votes.most_common(1)[0][0] if votes else None


def parser_of(name: Format, period: Period) -> LineParser:
    """The parser for a file of lines."""
    if name == "alb":
        return Balancer(period)
    return JsonLines(period) if name == "cloudfront-json" else TabSeparated(period)


def _of_line(line: str) -> Format | None:
    if header_fields(line) or line.count("\t") >= FIELDS_AT_LEAST - 1:
        return "cloudfront-tsv"
    if line.startswith("{"):
        return "cloudfront-json"
    first, _, rest = line.partition(" ")
    return "alb" if first in TYPES and '"' in rest else None
