"""Logs read from files: what becomes a record, what counts as bad, and where it is refused."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.workload.log_samples import (
    START_S,
    Logged,
    cloudfront_json,
    cloudfront_parquet,
    cloudfront_tsv,
    load_balancer,
    write_logs,
    zipf_requests,
)
from tidegauge.collect.logs.files import CHUNK_BYTES, LINE_BYTES_MAX
from tidegauge.collect.logs.requests import LogRead, read_logs
from tidegauge.errors import TidegaugeError

GOOD = Logged(t_s=START_S + 7, path="/assets/a.gif", query="w=200", result="RefreshHit")
LINES = cloudfront_tsv([GOOD] * 99).encode()


def read(folder: Path, content: bytes, bad_share_max: float = 0.01) -> LogRead:
    (folder / "log").write_bytes(content)
    return read_logs([folder / "log"], bad_share_max)


def test_a_line_of_cloudfront_v1_is_one_record(tmp_path: Path) -> None:
    found = read(tmp_path, cloudfront_tsv([GOOD]).encode())
    assert found.records.iloc[0].to_dict() == {
        "t_s": 1714557607.0,  # date -u -d '2024-05-01 10:00:07' +%s
        "quantum_s": 1.0,
        "method": "GET",
        "scheme": "https",
        "host": "gifs.example.com",
        "path": "/assets/a.gif",
        "query": "w=200",
        "status": 200,
        "sent_bytes": 2048.0,
        "client": "192.0.2.7",
        "user_agent": "Mozilla/5.0 (X11; Linux)",
        "cache": "refresh_hit",
        "edge": "FRA56-P1",
        "time_taken_s": 0.004,
        "source": f"{tmp_path}/log:3",
    }
    assert (found.formats, found.lines, found.bad) == (("cloudfront-tsv",), 1, 0)


def test_the_formats_tell_the_same_of_the_same_requests(tmp_path: Path) -> None:
    paths = write_logs(tmp_path, zipf_requests(200, 50, 0.9, 20.0, seed=3))
    records = {name: read_logs([path]).records for name, path in paths.items()}
    shared = ["method", "scheme", "host", "path", "query", "status", "sent_bytes", "client", "user_agent"]
    for name, found in records.items():
        pd.testing.assert_frame_equal(found[shared], records["alb"][shared])
        behind_s = records["alb"]["t_s"] - found["t_s"]
        assert behind_s.between(0, 1).all(), name


def test_a_folder_is_read_with_all_below_it_and_each_file_by_its_own_format(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "b" / "c" / "1.log").write_text(load_balancer([GOOD] * 2))
    (tmp_path / "a").write_bytes(gzip.compress(cloudfront_tsv([GOOD] * 3).encode()))
    (tmp_path / ".hidden").write_text("no log")
    (tmp_path / "ELBAccessLogTestFile").write_text("Enable AccessLog for ELB: front at 2024-05-01")
    (tmp_path / "empty").write_text("")
    found = read_logs([tmp_path, tmp_path / "a"])
    assert list(found.records["source"]) == [
        *(f"{tmp_path}/a:{line}" for line in (3, 4, 5)),
        *(f"{tmp_path}/b/c/1.log:{line}" for line in (1, 2)),
    ]
    assert found.formats == ("alb", "cloudfront-tsv")


@pytest.mark.parametrize(
    "line",
    [
        b"2024-05-01\t10:00:07\tFRA",
        b"\xff\xfe\x80",
        LINES.splitlines()[2].replace(b"a.gif", b"a\0.gif"),
        b"x" * (LINE_BYTES_MAX + 1),
        b"x" * (10 * CHUNK_BYTES),
    ],
    ids=["torn", "not UTF-8", "NUL", "long", "endless"],
)
def test_a_line_that_is_no_record_counts_as_bad_with_its_place(tmp_path: Path, line: bytes) -> None:
    found = read(tmp_path, LINES + line + b"\n" + LINES.splitlines()[2])
    assert (len(found.records), found.lines, found.bad) == (100, 101, 1)
    assert found.bad_examples[0][0] == f"{tmp_path}/log:102"
    assert found.records["source"].iloc[-1] == f"{tmp_path}/log:103"


def test_bad_lines_above_the_share_are_refused_with_their_places(tmp_path: Path) -> None:
    with pytest.raises(TidegaugeError, match=r"2 of 101 lines.*log:102: .*log:103: "):
        read(tmp_path, LINES + b"torn\ttorn\nagain\n")
    assert read(tmp_path, LINES + b"torn\ttorn\nagain\n", bad_share_max=0.02).bad == 2


def test_a_torn_gzip_file_keeps_what_was_read_and_counts_as_bad(tmp_path: Path) -> None:
    requests = zipf_requests(5000, 50, 0.9, 20.0, seed=4)
    whole = gzip.compress(cloudfront_tsv(requests).encode())
    found = read(tmp_path, whole[: len(whole) * 3 // 4])
    assert 2500 < len(found.records) < 5000
    assert (found.bad, found.bad_examples[0][1][:20]) == (1, "the gzip file is tor")


def test_a_packed_line_without_end_is_one_bad_line(tmp_path: Path) -> None:
    bomb = gzip.compress(LINES + b"\0" * 200_000_000, compresslevel=1)
    found = read(tmp_path, bomb)
    assert (len(found.records), found.bad) == (99, 1)


def test_a_packed_file_of_bad_lines_is_not_read_to_its_end(tmp_path: Path) -> None:
    with pytest.raises(TidegaugeError, match=r"^100000 of 100099 lines"):
        read(tmp_path, gzip.compress(LINES + b"x\n" * 2_000_000, compresslevel=1))


def test_a_parquet_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TidegaugeError, match=r"log:1: the Parquet file is damaged"):
        read(tmp_path, cloudfront_parquet([GOOD] * 9)[:-20])


def test_a_missing_column_is_named_with_its_file(tmp_path: Path) -> None:
    content = cloudfront_tsv([GOOD], ["date", "time", "cs-uri-stem", "sc-status"]).encode()
    with pytest.raises(TidegaugeError, match=r"log .*/log has no column cs-method"):
        read(tmp_path, content)


@pytest.mark.parametrize("content", [b"hello\n", b"PK\x03\x04zip", b"\x1f\x8bnot gzip at all"])
def test_what_is_no_log_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(TidegaugeError, match=r"1 of 1 lines are not records"):
        read(tmp_path, content)


def test_logs_without_a_request_and_logs_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TidegaugeError, match="no request in"):
        read(tmp_path, cloudfront_tsv([]).encode())
    with pytest.raises(TidegaugeError, match="does not exist"):
        read_logs([tmp_path / "nowhere"])


def test_a_parquet_text_that_is_not_utf8_is_one_bad_line(tmp_path: Path) -> None:
    table = pq.read_table(io.BytesIO(cloudfront_parquet([GOOD] * 100)))
    at = table.schema.get_field_index("cs_uri_stem")
    stems = pa.array([b"/\xff\xfe", *[b"/a.gif"] * 99], pa.binary()).view(pa.string())
    packed = io.BytesIO()
    pq.write_table(table.set_column(at, "cs_uri_stem", stems), packed)
    found = read(tmp_path, packed.getvalue())
    assert (len(found.records), *found.bad_examples) == (99, (f"{tmp_path}/log:1", "not UTF-8"))


def test_half_a_character_in_json_is_a_bad_line(tmp_path: Path) -> None:
    good = cloudfront_json([GOOD])
    found = read(tmp_path, (good * 99 + good.replace("/assets/a.gif", "/\\ud800")).encode())
    assert (len(found.records), found.bad) == (99, 1)
    assert "not Unicode text" in found.bad_examples[0][1]


def test_a_quantity_beyond_reason_is_a_bad_line(tmp_path: Path) -> None:
    found = read(tmp_path, LINES + LINES.splitlines()[2].replace(b"\t2048\t", b"\t1e300\t"))
    assert (len(found.records), found.bad) == (99, 1)


def test_a_file_of_empty_lines_alone_has_no_request(tmp_path: Path) -> None:
    with pytest.raises(TidegaugeError, match="no request in"):
        read(tmp_path, b"\r\n\r\n\n")


def test_a_file_whose_name_is_not_utf8_is_read_and_named(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    with open(os.fsencode(folder) + b"/\xff.log", "wb") as file:  # noqa: PTH123 - bytes are the point
        file.write(LINES)
    assert read_logs([folder]).records["source"].iloc[0] == f"{folder}/\\udcff.log:3"
