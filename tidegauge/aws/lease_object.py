"""A lease on a stack as an object in S3, for users on several machines: written only if nobody holds it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tidegauge.aws.clients import LEASE, Clients, aws_errors
from tidegauge.errors import ExitCode, TidegaugeError

LASTS_S = 120.0  # without renewal: its holder is taken for dead
RENEWED_EVERY_S = 20.0
PAGE = "docs/plan.md"
TAKEN = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


class ObjectLease:
    """Held from `take` to `give_back`; renewed meanwhile by a thread."""

    def __init__(
        self, bucket: str, key: str, holder: Mapping[str, str], every_s: float = RENEWED_EVERY_S
    ) -> None:
        """`holder` says who; it is what others are told."""
        self._bucket, self._key, self._holder, self._every_s = bucket, key, dict(holder), every_s
        self._etag = ""
        self._ended = threading.Event()
        self._renewer = threading.Thread(target=self._renew, daemon=True)
        self.lost: str | None = None  # why it is not held any more
        with aws_errors("the lease cannot be taken", PAGE):
            self._s3: Any = Clients(LEASE).of("s3")

    def take(self) -> None:
        """Holds the stack from now on (exit 13 where somebody else does)."""
        with aws_errors(f"the lease s3://{self._bucket}/{self._key} cannot be taken", PAGE):
            try:
                self._put(IfNoneMatch="*")
            except ClientError as error:
                if error.response["Error"]["Code"] not in TAKEN:
                    raise
                self._take_over()
        self._renewer.start()

    def give_back(self) -> None:
        """Others may have it."""
        self._ended.set()
        self._renewer.join(timeout=30)
        if self.lost is None:
            with aws_errors(f"the lease s3://{self._bucket}/{self._key} cannot be given back", PAGE):
                self._s3.delete_object(Bucket=self._bucket, Key=self._key)

    def _take_over(self) -> None:
        """An expired lease; any other is somebody's."""
        answer = self._s3.get_object(Bucket=self._bucket, Key=self._key)
        held = _parsed(answer["Body"].read(4096))
        if float(held.get("expires_unix_s", 0)) > time.time():
            raise held_by(held)
        try:
            self._put(IfMatch=answer["ETag"])
        except ClientError as error:
            if error.response["Error"]["Code"] in TAKEN:
                raise held_by({"run_id": "another run, this moment"}) from None
            raise

    def _put(self, **condition: str) -> None:
        body = json.dumps({**self._holder, "expires_unix_s": time.time() + LASTS_S}).encode()
        answer = self._s3.put_object(Bucket=self._bucket, Key=self._key, Body=body, **condition)
        self._etag = answer["ETag"]

    def _renew(self) -> None:
        renewed = time.monotonic()
        while not self._ended.wait(self._every_s):
            try:
                self._put(IfMatch=self._etag)
                renewed = time.monotonic()
            except ClientError as error:
                if error.response["Error"]["Code"] in (*TAKEN, "NoSuchKey", "404"):
                    self.lost = "somebody else took the lease on the stack, or removed it"
                    return
                self.lost = _unrenewed(renewed, error)
            except BotoCoreError as error:
                self.lost = _unrenewed(renewed, error)
            if self.lost is not None:
                return


def held_by(held: Mapping[str, Any]) -> TidegaugeError:
    """The stack is somebody else's for now."""
    who = f"{held.get('run_id', 'a run')} ({held.get('who', 'unknown')})"
    return TidegaugeError(
        f"the stack is under load already: {who:.200} since {held.get('since', 'an unknown time')}",
        "wait for its end: two loads at once would measure each other",
        ExitCode.REFUSED,
    )


def _unrenewed(renewed: float, error: Exception) -> str | None:
    """Why the lease counts as lost, once it may have expired."""
    if time.monotonic() - renewed < LASTS_S - RENEWED_EVERY_S:
        return None
    return f"the lease on the stack could not be renewed: {error!s:.200}"


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        held = json.loads(body)
    except ValueError:
        return {}
    return held if isinstance(held, dict) else {}
