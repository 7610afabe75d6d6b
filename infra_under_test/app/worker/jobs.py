"""Jobs on the FIFO queue: received, kept from other workers while in hand, then deleted or given back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra_under_test.app.event_log import log_event

BATCH_MAX = 10  # the most that SQS hands out at a time
POLL_S = 20  # the longest that SQS allows: fewest billed empty receives
MAX_RECEIVES = 3  # the queue's redrive policy: after that the message is in the dead-letter queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One asset to make renditions of, as received."""

    asset_id: str
    s3_key: str
    mime_type: str
    group: str  # the user: SQS hands out a group in order, and only to one worker at a time
    receipt: str
    receives: int  # this one included


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQueue:
    """The transcode queue."""

    sqs: Any
    url: str
    # Far below the queue's 900 s: the job of a killed worker is soon back, and a living worker extends its
    # hold in time, so that a job of any length is not run twice.
    hold_s: int

    async def receive(self, count: int) -> list[Job]:
        """Up to `count` jobs, in order within each group; waits up to POLL_S for the first."""
        answer = await self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=count,
            WaitTimeSeconds=POLL_S,
            VisibilityTimeout=self.hold_s,
            MessageSystemAttributeNames=["MessageGroupId", "ApproximateReceiveCount"],
        )
        jobs = []
        for message in answer.get("Messages", []):
            try:
                jobs.append(parse_job(message))
            except (ValueError, KeyError, TypeError) as error:
                # Left alone, it comes back after hold_s and goes to the dead-letter queue in the end.
                log_event("job_unreadable", message_id=message["MessageId"], error=repr(error))
        return jobs

    async def hold(self, jobs: Sequence[Job], seconds: int) -> None:
        """Keep jobs from other workers for so long from now; 0 gives them back at once."""
        for chunk in _chunks(jobs):
            entries = [
                {"Id": str(index), "ReceiptHandle": job.receipt, "VisibilityTimeout": seconds}
                for index, job in enumerate(chunk)
            ]
            answer = await self.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)
            _log_failures("job_hold_failed", chunk, answer)

    async def delete(self, jobs: Sequence[Job]) -> None:
        """Take finished jobs off the queue."""
        for chunk in _chunks(jobs):
            entries = [{"Id": str(index), "ReceiptHandle": job.receipt} for index, job in enumerate(chunk)]
            answer = await self.sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)
            _log_failures("job_delete_failed", chunk, answer)


def parse_job(message: dict[str, Any]) -> Job:
    """An SQS message as a job; raises ValueError, KeyError or TypeError on anything else."""
    body = json.loads(message["Body"])
    return Job(
        asset_id=body["asset_id"],
        s3_key=body["s3_key"],
        mime_type=body["mime_type"],
        group=message["Attributes"]["MessageGroupId"],
        receipt=message["ReceiptHandle"],
        receives=int(message["Attributes"]["ApproximateReceiveCount"]),
    )


def _chunks(jobs: Sequence[Job]) -> list[Sequence[Job]]:
    return [jobs[start : start + BATCH_MAX] for start in range(0, len(jobs), BATCH_MAX)]


def _log_failures(event: str, jobs: Sequence[Job], answer: dict[str, Any]) -> None:
    for failure in answer.get("Failed", []):
        log_event(event, asset_id=jobs[int(failure["Id"])].asset_id, error=failure.get("Message"))
