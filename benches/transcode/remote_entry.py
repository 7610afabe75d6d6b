"""What the container of a task runs: a bench whose document goes to S3.

    python -m benches.transcode.remote_entry --put s3://BUCKET/KEY [--fetch s3://BUCKET/KEY=FILE]…
        [--limit-s S] -- measure --as-profile NAME …

Everything after `--` is `python -m benches.transcode`. SIGTERM (a stopped task, Spot's warning) and the limit
end the bench as Ctrl-C does: the cells that are done still arrive. Exit code 0 once a document,
even that of an error, is in S3.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tidegauge.errors import ExitCode, TidegaugeError

ROOT = Path(__file__).resolve().parents[2]
MARGIN_S = 60  # kept back from the time limit, to bring the document to S3


def main(arguments: Sequence[str]) -> int:
    """Fetches, measures, puts."""
    options = _parser().parse_args(arguments)
    s3 = boto3.client("s3")
    try:
        for bucket, key, path in options.fetch:
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, key, str(path))
    except (BotoCoreError, ClientError, OSError) as error:
        body = _error(f"the task cannot get its media: {error!s:.300}")
    else:
        body = _printed([word for word in options.bench if word != "--"], options.limit_s)
    try:
        s3.put_object(Bucket=options.put[0], Key=options.put[1], Body=body, ContentType="application/json")
    except (BotoCoreError, ClientError) as error:
        print(f"error: the document cannot be put into S3: {error}", file=sys.stderr)  # noqa: T201
        return ExitCode.USAGE
    return ExitCode.PASS


def _printed(arguments: Sequence[str], limit_s: int | None) -> bytes:
    """What `python -m benches.transcode` prints: a document, or the error that says why there is none."""
    with subprocess.Popen(
        [sys.executable, "-m", "benches.transcode", *arguments], cwd=ROOT, stdout=subprocess.PIPE
    ) as child:

        def end(_number: int, _frame: object) -> None:
            child.send_signal(signal.SIGINT)

        before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGALRM)}
        if limit_s is not None:
            signal.alarm(max(1, limit_s - MARGIN_S))
        out, _ = child.communicate()
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)
    return out or _error(f"the bench printed nothing and ended with {child.returncode}")


def _error(message: str) -> bytes:
    return json.dumps(TidegaugeError(message, "the task's log says more").as_json()).encode()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benches.transcode.remote_entry",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--put", type=_object, required=True, metavar="s3://BUCKET/KEY")
    parser.add_argument(
        "--fetch", type=_object_and_file, action="append", default=[], metavar="s3://BUCKET/KEY=FILE"
    )
    parser.add_argument("--limit-s", type=int, metavar="S", help="end the bench, and keep what it has")
    parser.add_argument("bench", nargs=argparse.REMAINDER, help="-- and options of the bench")
    return parser


def _object(written: str) -> tuple[str, str]:
    parts = urlsplit(written)
    key = parts.path.removeprefix("/")
    if parts.scheme != "s3" or not parts.netloc or not key:
        raise argparse.ArgumentTypeError(f"{written!r} is not s3://BUCKET/KEY")
    return parts.netloc, key


def _object_and_file(written: str) -> tuple[str, str, Path]:
    where, sign, name = written.partition("=")
    if not sign or not name:
        raise argparse.ArgumentTypeError(f"{written!r} is not s3://BUCKET/KEY=FILE")
    return (*_object(where), Path(name))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
