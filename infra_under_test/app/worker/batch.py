"""Jobs received together: done side by side, settled in the order of their user."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from infra_under_test.app.event_log import log_event
from infra_under_test.app.worker.jobs import Job, JobQueue
from infra_under_test.app.worker.processing import Outcome, OutOfTurn, Processor, Turn

GATHER_S = 0.05  # waited after a job for others that are nearly done: one call settles them all
RETRY_AFTER_S = 5  # multiplied by the receives so far


class Batch:
    """One receive: each job is held until it is settled, or given back when the batch is cancelled."""

    def __init__(self, queue: JobQueue, processor: Processor, jobs: Sequence[Job]) -> None:
        self._queue = queue
        self._processor = processor
        self._jobs = jobs
        self._extend_every_s = queue.hold_s / 3
        self.finished = 0
        self.was_quick = True  # nothing was transcoded, nothing has to be tried again

    async def run(self) -> None:
        """Do all jobs."""
        tasks = self._start()
        try:
            await self._settle_all(tasks)
        except BaseException:
            await self._give_back(tasks)
            raise

    def _start(self) -> dict[asyncio.Task[Outcome], Job]:
        """A task a job; each waits its turn behind the task before it in the same group."""
        tasks: dict[asyncio.Task[Outcome], Job] = {}
        last_of_group: dict[str, asyncio.Task[Outcome]] = {}
        for job in self._jobs:
            turn = _turn_after(last_of_group.get(job.group))
            task = asyncio.create_task(self._processor.run(job, turn))
            last_of_group[job.group] = task
            tasks[task] = job
        return tasks

    async def _settle_all(self, tasks: dict[asyncio.Task[Outcome], Job]) -> None:
        held_at = time.monotonic()
        while tasks:
            left_s = max(0.0, held_at + self._extend_every_s - time.monotonic())
            done, _ = await asyncio.wait(tasks, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            if done:
                await asyncio.wait(tasks, timeout=GATHER_S)
                await self._settle(tasks)
            if tasks and time.monotonic() - held_at >= self._extend_every_s:
                held_at = time.monotonic()
                await self._hold_on(list(tasks.values()))

    async def _settle(self, tasks: dict[asyncio.Task[Outcome], Job]) -> None:
        """Delete or give back the messages of finished tasks, and forget them."""
        outcomes: dict[Outcome, list[Job]] = {outcome: [] for outcome in Outcome}
        for task in [task for task in tasks if task.done()]:
            outcomes[task.result()].append(tasks.pop(task))
        await self._queue.delete(outcomes[Outcome.DONE] + outcomes[Outcome.TRANSCODED])
        await self._queue.hold(outcomes[Outcome.REFUSED], 0)
        for job in outcomes[Outcome.RETRY]:
            await self._queue.hold([job], RETRY_AFTER_S * job.receives)
        if outcomes[Outcome.TRANSCODED] or outcomes[Outcome.RETRY]:
            self.was_quick = False
        self.finished += sum(map(len, outcomes.values())) - len(outcomes[Outcome.RETRY])

    async def _hold_on(self, jobs: Sequence[Job]) -> None:
        try:
            await self._queue.hold(jobs, self._queue.hold_s)
        except Exception as error:  # the work goes on; at worst another worker repeats it
            log_event("hold_lost", error=f"{type(error).__name__}: {error}")

    async def _give_back(self, tasks: dict[asyncio.Task[Outcome], Job]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        log_event("jobs_given_back", assets=[job.asset_id for job in tasks.values()])
        try:
            await self._queue.hold(list(tasks.values()), 0)
        except Exception as error:  # unsettled, they come back after hold_s
            log_event("give_back_failed", error=f"{type(error).__name__}: {error}")


def _turn_after(previous: asyncio.Task[Outcome] | None) -> Turn:
    async def wait() -> None:
        if previous is not None and await asyncio.shield(previous) is Outcome.RETRY:
            raise OutOfTurn

    return wait
