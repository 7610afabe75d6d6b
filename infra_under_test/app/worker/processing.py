"""One job from download to `ready` or `failed`."""

from __future__ import annotations

import asyncio
import enum
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import redis.exceptions
from aiohttp import ClientError as BodyError
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from infra_under_test.app.assets import FAILED, PROCESSING, QUEUED, READY, AssetStore
from infra_under_test.app.backends import RedisClient
from infra_under_test.app.event_log import log_event
from infra_under_test.app.media_keys import SUFFIXES
from infra_under_test.app.progress import Progress, publish
from infra_under_test.app.worker.contents import Contents, Rendered, is_missing
from infra_under_test.app.worker.jobs import MAX_RECEIVES, Job
from infra_under_test.app.worker.rendering import Renderer
from infra_under_test.transcode import TranscodeError
from infra_under_test.transcode.errors import FfmpegMissing

PROGRESS_STEP_STORED = 0.25  # a step more costs two write units, for the table and its index
PROGRESS_STEP_TOLD = 0.02
UNSETTLED = (QUEUED, PROCESSING, FAILED)  # failed: an operator sent the job back from the dead-letter queue
GONE = "the original is not in the bucket"
# 5 minutes. While a part is down the job is kept in hand: each receive counts towards the dead-letter queue.
OUTAGE_WAITS_S = (1, 2, 4, 8, 15, *[30] * 9)

OUTAGES = (
    NoConnection,
    HTTPClientError,
    BodyError,  # an object's body broke off
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
)


class Outcome(enum.Enum):
    """What becomes of a job's message."""

    DONE = "done"  # deleted; no ffmpeg was needed
    TRANSCODED = "transcoded"  # deleted; ffmpeg was needed
    REFUSED = "refused"  # given back at once: the third receive sends it to the dead-letter queue
    RETRY = "retry"  # given back for later: a part behind the worker failed, not the medium


class OutOfTurn(Exception):
    """An earlier job of the same user has to be tried again first."""


Turn = Callable[
    [], Awaitable[None]
]  # returns when every earlier job of the user is settled, or raises OutOfTurn


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """Does jobs, several at a time; ffmpeg only as often as there are slots."""

    assets: AssetStore
    contents: Contents
    renderer: Renderer
    redis: RedisClient
    work_dir: Path
    ffmpeg_slots: asyncio.Semaphore

    async def run(self, job: Job, turn: Turn) -> Outcome:
        """Settle the job. Its work may overlap with other jobs'; what readers see keeps the user's order."""
        waits_s = iter(OUTAGE_WAITS_S)
        while True:
            try:
                return await self._settled_before(job) or await self._make(job, turn)
            except OutOfTurn:
                return Outcome.RETRY
            except Exception as error:
                wait_s = next(waits_s, None) if is_outage(error) else None
                if wait_s is None:
                    return await self._judge(job, turn, error)
                log_event("part_failed", asset_id=job.asset_id, error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(wait_s)

    async def _settled_before(self, job: Job) -> Outcome | None:
        """What an earlier receive of this message came to; asked only if there was one."""
        if job.receives == 1:
            return None
        asset = await self.assets.find_consistent(job.asset_id)
        if asset is not None and asset.status in (QUEUED, PROCESSING):
            return None
        return Outcome.REFUSED if asset is not None and asset.status == FAILED else Outcome.DONE

    async def _make(self, job: Job, turn: Turn) -> Outcome:
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=self.work_dir))
        try:
            source = folder / f"original.{SUFFIXES[job.mime_type]}"
            sha256 = await self.contents.download(job.s3_key, source)
            made = await self.contents.copy(job.mime_type, sha256, job.asset_id)
            outcome = Outcome.DONE
            await turn()
            if made is None:
                made, outcome = await self._transcode_once(job, source, sha256)
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # a killed ffmpeg may be writing still
        if await self.assets.update(
            job.asset_id,
            only_from=UNSETTLED,
            status=READY,
            progress=Decimal(1),
            reason=None,
            renditions=made.renditions,
            **({"unfit": made.unfit} if made.unfit else {}),
        ):
            await self.tell(job, READY, 1.0)
        return outcome

    async def _transcode_once(self, job: Job, source: Path, sha256: str) -> tuple[Rendered, Outcome]:
        """Transcode, unless the same content was transcoded while this job waited."""
        async with self.contents.lock(job.mime_type, sha256):
            copied = await self.contents.copy(job.mime_type, sha256, job.asset_id)
            if copied is not None:
                return copied, Outcome.DONE
            async with self.ffmpeg_slots:
                await self.assets.update(job.asset_id, only_from=UNSETTLED, status=PROCESSING)
                await self.tell(job, PROCESSING, 0.0)
                reporter = _Reporter(self, job)
                try:
                    made = await self.renderer.render(job.asset_id, source, job.mime_type, reporter.report)
                finally:
                    await reporter.close()
            await self.contents.remember(job.mime_type, sha256, made)
            return made, Outcome.TRANSCODED

    async def _judge(self, job: Job, turn: Turn, error: Exception) -> Outcome:
        """A medium at fault fails for good; anything else is tried again, and fails the last time."""
        is_refusal = is_missing(error) or (
            isinstance(error, TranscodeError) and not isinstance(error, FfmpegMissing)
        )
        code = error.code if isinstance(error, TranscodeError) else type(error).__name__
        log_event(
            "job_refused" if is_refusal else "job_interrupted",
            asset_id=job.asset_id,
            receives=job.receives,
            code=code,
            error=str(error),
        )
        if not is_refusal and job.receives < MAX_RECEIVES:
            return Outcome.RETRY
        reason = error.reason if isinstance(error, TranscodeError) else GONE if is_refusal else None
        try:
            await turn()
            await self._fail(job, reason or f"it could not be processed in {MAX_RECEIVES} attempts")
        except OutOfTurn:
            return Outcome.RETRY
        return Outcome.REFUSED

    async def _fail(self, job: Job, reason: str) -> None:
        if await self.assets.update(job.asset_id, only_from=UNSETTLED, status=FAILED, reason=reason):
            await self.tell(job, FAILED, 0.0)

    async def tell(self, job: Job, status: str, progress: float, rendition: str | None = None) -> None:
        """Push the state to whoever listens."""
        await publish(
            self.redis,
            Progress(asset_id=job.asset_id, status=status, progress=progress, rendition=rendition),
        )


def is_outage(error: BaseException) -> bool:
    """Whether a part behind the worker did not answer, or answered that it cannot at the moment."""
    if isinstance(error, ClientError):
        return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500)
    return isinstance(error, OUTAGES)


class _Reporter:
    """Passes a transcode's progress on: often to listeners, seldom to the table, in order, behind ffmpeg."""

    def __init__(self, processor: Processor, job: Job) -> None:
        self._processor = processor
        self._job = job
        self._queue: asyncio.Queue[tuple[float, str | None] | None] = asyncio.Queue()
        self._told = 0.0
        self._stored = 0.0
        self._sender = asyncio.create_task(self._send_all())

    def report(self, share: float, rendition: str | None) -> None:
        """`share` from 0 to 1; 1 itself is told with `ready`."""
        if rendition is not None or share - self._told >= PROGRESS_STEP_TOLD:
            self._told = share
            self._queue.put_nowait((share, rendition))

    async def close(self) -> None:
        """After what was reported has gone out."""
        self._queue.put_nowait(None)
        await self._sender

    async def _send_all(self) -> None:
        while (item := await self._queue.get()) is not None:
            share, rendition = item
            try:
                await self._processor.tell(self._job, PROCESSING, share, rendition)
                if share - self._stored >= PROGRESS_STEP_STORED and share < 1:
                    self._stored = share
                    await self._processor.assets.update(
                        self._job.asset_id, only_from=(PROCESSING,), progress=Decimal(str(round(share, 3)))
                    )
            except Exception as error:  # progress is worth a log line, not a job
                log_event("progress_lost", asset_id=self._job.asset_id, error=repr(error))
