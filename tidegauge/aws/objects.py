"""The bucket that tasks read their input from and leave their documents in; `s3` is boto3's client."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tidegauge.aws.clients import aws_errors
from tidegauge.errors import TidegaugeError

DOCUMENT_BYTES_MAX = 64 * 2**20  # far above any bench


def url(bucket: str, key: str) -> str:
    """As the task's command names it."""
    return f"s3://{bucket}/{key}"


def send_file(s3: Any, path: Path, bucket: str, key: str) -> None:
    """Puts a file where tasks can read it."""
    with aws_errors(f"{path.name} cannot be put into {bucket}"), path.open("rb") as body:
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def fetch_document(s3: Any, bucket: str, key: str) -> Any | None:
    """The JSON document at `key`; None where there is none."""
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            return None
        with aws_errors(f"{url(bucket, key)} cannot be read"):
            raise
    with aws_errors(f"{url(bucket, key)} cannot be read"):
        body = found["Body"].read(DOCUMENT_BYTES_MAX + 1)
    if len(body) > DOCUMENT_BYTES_MAX:
        raise TidegaugeError(f"{url(bucket, key)} is too large for a bench document", "look at the object")
    try:
        return json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise TidegaugeError(f"{url(bucket, key)} is not JSON", "look at the object; it was kept") from None


def remove(s3: Any, bucket: str, keys: Sequence[str]) -> None:
    """Removes what a run put there; what is not there is passed over."""
    for key in keys:
        with aws_errors(f"{url(bucket, key)} cannot be removed"):
            s3.delete_object(Bucket=bucket, Key=key)


def _refuse(constant: str) -> None:
    """NaN and the infinities, which Python would take and JSON doesn't have."""
    raise ValueError(constant)
