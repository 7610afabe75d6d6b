"""The only maker of AWS clients, how patient each use of them is, and AWS' refusals as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tidegauge.aws.reasons import hint_of
from tidegauge.errors import TidegaugeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a call is made, and how long it waits, before it has failed."""

    attempts: int  # the first among them; between them the pauses grow, at most to 20 s
    connect_s: float
    read_s: float  # between two bytes of an answer


TASKS = Patience(attempts=8, connect_s=10, read_s=60)  # tasks started at once are throttled, and cost
EXCHANGE = Patience(attempts=4, connect_s=10, read_s=60)  # rows of a run: tried again with the next file
LEASE = Patience(attempts=4, connect_s=10, read_s=20)  # renewed well within the time that it lasts
METRICS = Patience(attempts=5, connect_s=5, read_s=30)  # somebody waits, and may ask again
ALARMS = Patience(attempts=2, connect_s=5, read_s=10)  # asked again every few seconds anyway
PRICES = Patience(attempts=5, connect_s=10, read_s=60)  # hundreds of calls, of which each is needed


class Clients:
    """boto3 clients by service and region, made when first asked for, with the environment's credentials."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._made: dict[tuple[str, str | None], Any] = {}

    def of(self, service: str, region: str | None = None) -> Any:
        """The client of `service` in `region`, by default the environment's; made within `aws_errors`."""
        if (service, region) not in self._made:
            self._made[service, region] = _client(service, region, self._patience)
        return self._made[service, region]


def _client(service: str, region: str | None, patience: Patience) -> Any:
    import boto3  # 0.2 s, which verbs without AWS need not wait for
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        connect_timeout=patience.connect_s,
        read_timeout=patience.read_s,
    )
    return boto3.session.Session(region_name=region).client(service, config=config)


@contextmanager
def aws_errors(doing: str, page: str = "docs/transcode.md") -> Iterator[None]:
    """What AWS or the way to it refuses, as a TidegaugeError (exit 2) that says what was being done.

    `page` lists the permissions that it takes.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except NoCredentialsError:
        raise TidegaugeError(
            f"{doing}: there are no AWS credentials", "`aws configure`, or AWS_PROFILE"
        ) from None
    except ClientError as error:
        said = error.response.get("Error", {})
        message = f"{said.get('Code', 'Unknown')}: {said.get('Message', '')}"
        raise TidegaugeError(
            f"{doing}: {message:.500}", _hint(str(said.get("Code")), message, page)
        ) from None
    except (BotoCoreError, ResponseParserError) as error:  # the latter is not a kind of the former
        raise TidegaugeError(f"{doing}: {error!s:.300}", "check region, network and credentials") from None


def _hint(code: str, message: str, page: str) -> str:
    if code in ("AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation"):
        return f"{page} lists the permissions that this takes"
    if code in ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"):
        return "AWS throttles this account: try again in some minutes"
    if code == "ClusterNotFoundException":
        return "check cluster and region in [aws]"
    if code in ("NoSuchBucket", "404"):
        return "check the bucket's name in the stack file"
    return hint_of(message) or "check [aws] in the stack file"
