"""Where a run's job and rows are passed between machines: a shared folder, or a prefix of an S3 bucket.

`<run id>/job/…` goes out; `<run id>/rows/<kind>/<process>-<number>.parquet` comes back as each file is
closed, and `<run id>/closed/<process>.json` once a process has sent its last.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from tidegauge.aws.clients import EXCHANGE, Clients
from tidegauge.errors import TidegaugeError

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,62})(?:/(.*))?")
ROWS_FILE = re.compile(r"rows/([a-z_]+/([0-9]+)-[0-9]+\.parquet)")


class Exchange(Protocol):
    """Files by name, whole or not at all. All raise TidegaugeError when the place cannot be reached."""

    def put(self, name: str, source: Path) -> None:
        """Copies `source` there."""

    def get(self, name: str, target: Path) -> None:
        """Copies what is there under `name` to `target`."""

    def names(self) -> list[str]:
        """All that is there."""


def open_exchange(location: str, run_id: str) -> Exchange:
    """The part of `location` (s3://bucket/prefix or an absolute folder) that belongs to a run (exit 2)."""
    if not RUN_ID.fullmatch(run_id):
        raise TidegaugeError(f"'{run_id:.60}' is not a run id", "is this a master of tidegauge?")
    if location.startswith("s3:"):
        match = BUCKET.fullmatch(location)
        if match is None:
            raise TidegaugeError(f"--exchange {location:.100} names no bucket", "s3://BUCKET/PREFIX")
        prefix = (match[2] or "").strip("/")
        return _Bucket(match[1], f"{prefix}/{run_id}/" if prefix else f"{run_id}/")
    return _Folder(Path(location) / run_id)


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, name: str, source: Path) -> None:
        target = self._path / name
        with self._errors():
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy_whole(source, target)

    def get(self, name: str, target: Path) -> None:
        with self._errors():
            _copy_whole(self._path / name, target)

    def names(self) -> list[str]:
        with self._errors():
            files = [path for path in self._path.rglob("*") if path.is_file()]
        return sorted(str(path.relative_to(self._path)) for path in files if path.suffix != ".partial")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TidegaugeError(
                f"exchange {self._path}: {error.strerror or error}",
                "a folder that master and workers all see and may write, or s3://BUCKET/PREFIX",
            ) from None


class _Bucket:
    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket, self._prefix = bucket, prefix
        self._client: Any = self._call(lambda: Clients(EXCHANGE).of("s3"))

    def put(self, name: str, source: Path) -> None:
        self._call(lambda: self._client.upload_file(str(source), self._bucket, self._prefix + name))

    def get(self, name: str, target: Path) -> None:
        partial = target.with_name(target.name + ".partial")
        self._call(lambda: self._client.download_file(self._bucket, self._prefix + name, str(partial)))
        partial.replace(target)

    def names(self) -> list[str]:
        def listed() -> list[str]:
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix
            )
            return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

        return sorted(key.removeprefix(self._prefix) for key in self._call(listed))

    def _call(self, action: Callable[[], Any]) -> Any:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return action()
        except (Boto3Error, BotoCoreError, ClientError, OSError) as error:
            raise TidegaugeError(
                f"exchange s3://{self._bucket}/{self._prefix}: {error}",
                "credentials, region and AWS_ENDPOINT_URL_S3 come from the environment as boto3 reads it",
            ) from None


def _copy_whole(source: Path, target: Path) -> None:
    partial = target.with_name(target.name + ".partial")
    shutil.copyfile(source, partial)
    partial.replace(target)
