"""`python -m infra_under_test.app.worker`: works until SIGTERM, then gives unfinished jobs back."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import time
from contextlib import suppress

from infra_under_test.app.assets import AssetStore
from infra_under_test.app.backends import Backends, open_backends
from infra_under_test.app.event_log import log_event
from infra_under_test.app.settings import WorkerSettings, read_worker_settings
from infra_under_test.app.usage import CURRENT_ROUTE, UsageLedger
from infra_under_test.app.worker.batch import Batch
from infra_under_test.app.worker.contents import Contents
from infra_under_test.app.worker.jobs import BATCH_MAX, JobQueue
from infra_under_test.app.worker.processing import Processor
from infra_under_test.app.worker.rendering import Renderer
from infra_under_test.errors import StackError
from infra_under_test.transcode import Ffmpeg, RenditionBook, RenditionsRefused, find_ffmpeg, read_book
from infra_under_test.transcode.errors import FfmpegMissing
from infra_under_test.transcode.nvenc import probe

ROUTE = "worker"
RETRY_S = 1.0
STOP_S = 5.0  # time to give jobs back; ECS kills a stopped container after 30 s


class Worker:
    """Loops that receive and do jobs, with their totals."""

    def __init__(self, queue: JobQueue, processor: Processor, ledger: UsageLedger) -> None:
        self._queue = queue
        self._processor = processor
        self._ledger = ledger
        self._jobs = 0
        self._busy_s = 0.0

    async def work(self) -> None:
        """Receive and do jobs for ever.

        One job at a time while ffmpeg is needed, so that other workers find the rest; ten while all is
        copying.
        """
        count = 1
        while True:
            try:
                jobs = await self._queue.receive(count)
                if not jobs:
                    continue
                started = time.monotonic()
                batch = Batch(self._queue, self._processor, jobs)
                try:
                    await batch.run()
                finally:
                    self._account(batch.finished, time.monotonic() - started)
                count = BATCH_MAX if batch.was_quick else 1
            except Exception as error:
                log_event("queue_failed", error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(RETRY_S)

    def _account(self, jobs: int, busy_s: float) -> None:
        self._jobs += jobs
        self._busy_s += busy_s
        own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        cpu_s = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
        self._ledger.set_worker(jobs=self._jobs, busy_s=self._busy_s, cpu_s=cpu_s)


async def serve(settings: WorkerSettings, ffmpeg: Ffmpeg, book: RenditionBook) -> None:
    """Work until a signal."""
    CURRENT_ROUTE.set(ROUTE)
    settings.work_dir.mkdir(parents=True, exist_ok=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ledger = UsageLedger(settings.stack.usage_file)
    async with ledger.written_regularly(), open_backends(settings.stack, ledger) as backends:
        nvenc = await asyncio.to_thread(probe, ffmpeg)
        renderer = Renderer(
            backends=backends,
            stack=settings.stack,
            ffmpeg=ffmpeg,
            book=book,
            encoder="nvenc" if nvenc.available else "cpu",
        )
        worker = _worker(settings, renderer, backends, ledger)
        loops = [asyncio.create_task(worker.work()) for _ in range(settings.concurrency)]
        log_event(
            "worker_ready",
            ffmpeg=ffmpeg.version,
            loops=len(loops),
            encoder=renderer.encoder,
            why_not_nvenc=nvenc.reason,
            renditions=book.upload,
        )
        await stop.wait()
        for loop in loops:
            loop.cancel()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*loops, return_exceptions=True), STOP_S)
    log_event("worker_stopped")


def _worker(settings: WorkerSettings, renderer: Renderer, backends: Backends, ledger: UsageLedger) -> Worker:
    stack = settings.stack
    processor = Processor(
        assets=AssetStore(dynamodb=backends.dynamodb, table=stack.table_assets),
        contents=Contents(backends=backends, stack=stack),
        renderer=renderer,
        redis=backends.redis,
        work_dir=settings.work_dir,
        ffmpeg_slots=asyncio.Semaphore(settings.concurrency),
    )
    queue = JobQueue(sqs=backends.sqs, url=settings.queue_transcode_url, hold_s=settings.hold_s)
    return Worker(queue, processor, ledger)


def main() -> int:
    """The process; its exit code is 2 for wrong settings or a missing ffmpeg."""
    try:
        settings = read_worker_settings(os.environ)
        ffmpeg = find_ffmpeg()
        book = read_book(settings.renditions)
    except StackError as error:
        log_event("settings_refused", message=error.message, hint=error.hint)
        return error.exit_code
    except FfmpegMissing as error:
        log_event("settings_refused", message=error.reason, hint="set FFMPEG to the path of an ffmpeg")
        return 2
    except RenditionsRefused as error:
        log_event("settings_refused", message=error.reason, hint="correct the file in WORKER_RENDITIONS")
        return 2
    asyncio.run(serve(settings, ffmpeg, book))
    return 0


if __name__ == "__main__":
    sys.exit(main())
