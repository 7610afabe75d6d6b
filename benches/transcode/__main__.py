"""Benches for other programs: one JSON document on stdout, everything else on stderr.

    python -m benches.transcode measure --media FILE… --rendition NAME… --profile NAME… --rounds N
    python -m benches.transcode profiles

Exit code 0 with the document; 2 with it when no cell could be measured; 130 with the cells that were
measured when interrupted; else 2 (130 when interrupted before the first cell) with
{"error": {"message", "hint", "exit_code"}}.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

from benches.transcode import profile_list, run
from benches.transcode.conftest import DEFAULT_ROUNDS
from benches.transcode.emulation import this_host
from benches.transcode.profiles import LOCAL
from benches.transcode.request import checked
from benches.transcode.task_use import load_task_use
from tidegauge.conduct.bench.child import DEFAULT_MEDIA, DEFAULT_RENDITIONS
from tidegauge.errors import ExitCode, TidegaugeError

# Options that take the place of a value of task_use.toml.
TASK_USE_OPTIONS = {
    "views_per_asset": "--views",
    "jobs_per_task": "--jobs-per-task",
    "cold_start_s": "--cold-start-s",
    "utilisation": "--utilisation",
}


def main(arguments: Sequence[str]) -> int:
    """Parses, checks, measures, prints."""
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: shells start background jobs without it
        signal.signal(number, signal.default_int_handler)
    options = _parser().parse_args(arguments)
    try:
        document, exit_code = _profiles() if options.bench == "profiles" else _transcode(options)
    except KeyboardInterrupt:
        return _fail(TidegaugeError("the bench was interrupted", exit_code=ExitCode.INTERRUPTED))
    except TidegaugeError as error:
        return _fail(error)
    json.dump(document, sys.stdout)
    return exit_code


def _fail(error: TidegaugeError) -> int:
    json.dump(error.as_json(), sys.stdout)
    return error.exit_code


def _profiles() -> tuple[dict[str, Any], int]:
    return profile_list.list_profiles(this_host()), ExitCode.PASS


def _transcode(options: argparse.Namespace) -> tuple[dict[str, Any], int]:
    host = this_host()
    as_profile = options.as_profile
    if as_profile and options.profile:
        raise TidegaugeError("--as-profile and --profile are both given", "name one of them")
    request = checked(
        media=options.media or [*DEFAULT_MEDIA],
        renditions=options.rendition or [*DEFAULT_RENDITIONS],
        profiles=[as_profile] if as_profile else options.profile or [LOCAL],
        host=host,
        rounds=options.rounds,
        renditions_file=options.renditions,
    )
    given = {name: value for name in TASK_USE_OPTIONS if (value := getattr(options, name)) is not None}
    settings = run.Settings(
        rounds=options.rounds,
        keep=options.keep,
        raw=options.raw,
        storage=options.storage,
        quality=not options.no_quality,
        curves=options.curves,
        as_is=as_profile is not None,
        events_fd=options.events_fd,
    )
    return run.measure(request, host, load_task_use(given), settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benches.transcode",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--events-fd", type=int, metavar="N", help="progress as JSON lines, there")
    verbs = parser.add_subparsers(dest="bench", required=True)
    verbs.add_parser("profiles", help="every profile, its price, and whether it can be emulated here")
    measure = verbs.add_parser("measure", help="time, memory, quality and cost of the ffmpeg core")
    measure.add_argument("--media", action="append", type=Path, metavar="FILE", help="GIF or MP4; repeatable")
    measure.add_argument("--rendition", action="append", metavar="NAME", help="repeatable")
    measure.add_argument("--renditions", type=Path, metavar="FILE", help="renditions of your own, as TOML")
    measure.add_argument(
        "--profile", action="append", metavar="NAME", help="or pattern, or emulable; repeatable"
    )
    measure.add_argument(
        "--as-profile", metavar="NAME", help="this machine is of that size: measured as it is, priced as that"
    )
    measure.add_argument("--rounds", type=int, default=DEFAULT_ROUNDS, metavar="N")
    measure.add_argument("--keep", type=Path, metavar="DIR", help="keep each output there")
    measure.add_argument("--raw", type=Path, metavar="FILE", help="pytest-benchmark's own JSON")
    measure.add_argument("--storage", type=Path, metavar="DIR", help="its storage, a folder a profile")
    measure.add_argument("--curves", action="store_true", help="rate-quality curves too; takes minutes")
    measure.add_argument("--no-quality", action="store_true", help="leave VMAF and SSIM out")
    for name, option in TASK_USE_OPTIONS.items():
        measure.add_argument(option, dest=name, type=_amount, metavar="X", help="see task_use.toml")
    return parser


def _amount(written: str) -> Fraction:
    try:
        value = Decimal(written)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{written!r} is not a number") from None
    if not value.is_finite():
        raise argparse.ArgumentTypeError(f"{written!r} is not an amount: it has to be finite")
    return Fraction(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
