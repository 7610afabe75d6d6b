"""Files through a folder and through a bucket: the same to those who use them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from tidegauge.aws.exchange import Exchange, open_exchange
from tidegauge.errors import TidegaugeError


@pytest.fixture(params=["folder", "s3", "s3 without a prefix"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "folder":
        yield str(tmp_path / "shared")
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="rows")
        yield "s3://rows/load/tests/" if request.param == "s3" else "s3://rows"


def put(exchange: Exchange, name: str, data: bytes, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(data)
    exchange.put(name, source)


def test_what_one_machine_puts_another_gets(place: str, tmp_path: Path) -> None:
    put(open_exchange(place, "r1"), "rows/samples/0-0.parquet", b"abc", tmp_path)
    open_exchange(place, "r1").get("rows/samples/0-0.parquet", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"abc"


def test_names_are_those_of_the_run_alone(place: str, tmp_path: Path) -> None:
    for run_id, name in (
        ("r1", "rows/samples/1-0.parquet"),
        ("r1", "closed/1.json"),
        ("r10", "closed/9.json"),
    ):
        put(open_exchange(place, run_id), name, b"x", tmp_path)
    assert open_exchange(place, "r1").names() == ["closed/1.json", "rows/samples/1-0.parquet"]
    assert open_exchange(place, "r2").names() == []


def test_a_file_that_is_not_there_is_an_error_that_names_the_place(place: str, tmp_path: Path) -> None:
    with pytest.raises(TidegaugeError, match="exchange"):
        open_exchange(place, "r1").get("job/run.json", tmp_path / "target")


def test_a_bucket_that_does_not_exist_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws(), pytest.raises(TidegaugeError, match="NoSuchBucket"):
        put(open_exchange("s3://absent/x", "r1"), "a", b"x", tmp_path)


@pytest.mark.parametrize("location", ["s3://", "s3:/rows", "s3://UPPER/x"])
def test_what_names_no_bucket_is_refused(location: str) -> None:
    with pytest.raises(TidegaugeError, match="names no bucket"):
        open_exchange(location, "r1")


@pytest.mark.parametrize("run_id", ["", "../up", "a/b", ".", "x" * 200])
def test_a_run_id_from_another_machine_is_no_path(run_id: str, tmp_path: Path) -> None:
    with pytest.raises(TidegaugeError, match="not a run id"):
        open_exchange(str(tmp_path), run_id)
