"""Clients of ECS and S3, and AWS' refusals as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.parsers import ResponseParserError

from tidegauge.aws.reasons import hint_of
from tidegauge.errors import TidegaugeError

ATTEMPTS = 8  # of a call that AWS throttles


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """boto3 clients of one region."""

    ecs: Any
    s3: Any


def connect(region: str) -> Clients:
    """Clients with the credentials of the environment."""
    config = Config(
        retries={"mode": "standard", "max_attempts": ATTEMPTS}, connect_timeout=10, read_timeout=60
    )
    with aws_errors("AWS cannot be used"):
        session = boto3.session.Session(region_name=region)
        return Clients(ecs=session.client("ecs", config=config), s3=session.client("s3", config=config))


@contextmanager
def aws_errors(doing: str, page: str = "docs/transcode.md") -> Iterator[None]:
    """What AWS or the way to it refuses, as a TidegaugeError (exit 2) that says what was being done.

    `page` lists the permissions that it takes.
    """
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
    except (BotoCoreError, ResponseParserError) as error:  # of which the latter is none of the former
        raise TidegaugeError(f"{doing}: {error!s:.300}", "check region, network and credentials") from None


def _hint(code: str, message: str, page: str) -> str:
    if code in ("AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation"):
        return f"{page} lists the permissions that this takes"
    if code in ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"):
        return "AWS throttles this account: try again in some minutes"
    if code == "ClusterNotFoundException":
        return "check cluster and region in [aws]"
    if code in ("NoSuchBucket", "404"):
        return "check bucket in [aws.bench]"
    return hint_of(message) or "check [aws] in the stack file"
