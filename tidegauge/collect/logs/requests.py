"""Access logs to one table of requests, for replay and for fitting."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

import pandas as pd

from tidegauge.collect.logs.files import HEAD_LINES, OTHERS, PARQUET, find_files, lines, magic
from tidegauge.collect.logs.parquet import parquet_records
from tidegauge.errors import TidegaugeError
from tidegauge.workload.logs.recognise import TEST_FILE, parser_of, recognise
from tidegauge.workload.logs.record import BadLine, LogRecord, MissingColumns, NoRequest, Period

BAD_SHARE_MAX = 0.01
EXAMPLES = 5  # bad lines shown
HOPELESS, HOPELESS_SHARE = 100_000, 0.9  # so many bad lines, and hardly another: the rest is not read
BLOCK = 50_000  # records held as tuples before they become columns
CLOCK_AHEAD_S = 86_400.0  # a log may come from a machine whose clock is ahead of ours

TEXT = ("method", "scheme", "host", "path", "query", "client", "user_agent", "cache", "edge", "source")
NUMBERS = {
    "t_s": "float64",
    "quantum_s": "float64",
    "status": "int64",
    "sent_bytes": "float64",
    "time_taken_s": "float64",
}
COLUMNS = (*LogRecord._fields, "source")

Found = LogRecord | BadLine | NoRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRead:
    """What was read from logs; `records` is a row a request, in the order of files and lines.

    Columns: those of LogRecord, and `source` as file:line. `t_s` and `quantum_s` are Unix seconds and
    seconds, missing texts are null, missing numbers nan, and a missing status 0.
    """

    records: pd.DataFrame
    formats: tuple[str, ...]
    files: int
    lines: int  # that should be a request each
    bad: int
    bad_examples: tuple[tuple[str, str], ...]  # (file:line, why), the first few
    without_request: int  # sound lines of clients that sent no readable request


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What is counted while reading."""

    formats: set[str] = field(default_factory=set)
    lines: int = 0
    bad: int = 0
    bad_examples: list[tuple[str, str]] = field(default_factory=list)
    without_request: int = 0

    def add_bad(self, source: str, why: BadLine) -> None:
        self.bad += 1
        if len(self.bad_examples) < EXAMPLES:
            self.bad_examples.append((source, str(why)))


def read_logs(paths: Sequence[Path], bad_share_max: float = BAD_SHARE_MAX) -> LogRead:
    """Every request in the logs at `paths`: files, or folders with files below them.

    Formats are recognised by content, each file by itself. A line without a record is counted; above
    `bad_share_max` of the lines, or without any request, TidegaugeError (exit 2) shows the first of them.
    """
    files = find_files(paths)
    tally = _Tally()
    period = Period(latest_s=time.time() + CLOCK_AHEAD_S)
    rows = chain.from_iterable(_file_rows(path, period, tally, bad_share_max) for path in files)
    blocks: list[pd.DataFrame] = []
    while block := list(islice(rows, BLOCK)):
        blocks.append(_frame(block))
    _refuse_bad(tally, bad_share_max)
    if not blocks:
        raise TidegaugeError(
            f"no request in {', '.join(map(str, paths))}"[:400],
            f"{tally.without_request} lines tell of clients without a readable request, the rest is empty"
            if tally.without_request
            else "the logs are empty",
        )
    return LogRead(
        records=pd.concat(blocks, ignore_index=True),
        formats=tuple(sorted(tally.formats)),
        files=len(files),
        lines=tally.lines,
        bad=tally.bad,
        bad_examples=tuple(tally.bad_examples),
        without_request=tally.without_request,
    )


def _file_rows(
    path: Path, period: Period, tally: _Tally, bad_share_max: float
) -> Iterator[tuple[object, ...]]:
    name = str(path).encode("utf-8", "backslashreplace").decode()  # a name need not be UTF-8
    for number, found in _found(path, period, tally):
        tally.lines += 1
        if isinstance(found, BadLine):
            tally.add_bad(f"{name}:{number}", found)
            if tally.bad % HOPELESS == 0 and tally.bad > HOPELESS_SHARE * tally.lines:
                _refuse_bad(tally, bad_share_max)  # a packed file can go on like that for hours
        elif isinstance(found, NoRequest):
            tally.without_request += 1
        else:
            yield (*found, f"{name}:{number}")


def _found(path: Path, period: Period, tally: _Tally) -> Iterator[tuple[int, Found]]:
    start = magic(path)
    try:
        if start.startswith(PARQUET):
            tally.formats.add("cloudfront-parquet")
            yield from parquet_records(path, period)
        elif other := next((name for sign, name in OTHERS.items() if start.startswith(sign)), None):
            yield 1, BadLine(f"a {other} file: unpack it first")
        else:
            yield from _line_records(path, period, tally)
    except MissingColumns as missing:
        raise TidegaugeError(
            f"log {path} has no column {missing}",
            "date, time, cs-method and cs-uri-stem are needed: choose them among the fields of the log",
        ) from None


def _line_records(path: Path, period: Period, tally: _Tally) -> Iterator[tuple[int, Found]]:
    numbered = lines(path)
    head = list(islice(numbered, HEAD_LINES))
    texts = [line.decode("utf-8", "replace") for _, line in head if isinstance(line, bytes)]
    if texts and texts[0].startswith(TEST_FILE):
        return
    name = recognise([text.lstrip("\ufeff") for text in texts])
    if name is None:
        unknown = BadLine("no format that is known: CloudFront standard logs or load balancer access logs")
        told = ((number, line) for number, line in chain(head, numbered) if line not in (b"", b"\r"))
        yield from ((number, unknown) for number, _ in islice(told, 1))
        return
    tally.formats.add(name)
    parse = parser_of(name, period).parse
    for number, line in chain(head, numbered):
        if isinstance(line, BadLine):
            yield number, line
            continue
        line = line.removesuffix(b"\r")
        if not line.strip():
            continue
        try:
            if b"\0" in line:
                raise BadLine("a NUL byte")
            found = parse(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except UnicodeDecodeError:
            yield number, BadLine("not UTF-8")
        except (BadLine, NoRequest) as why:
            yield number, why
        else:
            if found is not None:
                yield number, found


def _frame(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    columns = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype="str" if name in TEXT else NUMBERS[name])
            for name, values in zip(COLUMNS, columns, strict=True)
        }
    )


def _refuse_bad(tally: _Tally, bad_share_max: float) -> None:
    if tally.bad <= bad_share_max * tally.lines:
        return
    shown = "; ".join(f"{source}: {why}" for source, why in tally.bad_examples)
    raise TidegaugeError(
        f"{tally.bad} of {tally.lines} lines are not records, over the share of {bad_share_max:g}: {shown}",
        "leave out what is not a log, or allow more (--bad-max of a fit, bad_share_max of a trace)",
    )
