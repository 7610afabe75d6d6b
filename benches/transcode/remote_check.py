"""What a bench on ECS is asked for, checked here before anything is paid.

`python -m benches.transcode.remote_check` prints {"region", "profiles", "media", "renditions"}, the profiles
as bench.json carries them, or {"error"}.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benches.transcode.emulation import this_host
from benches.transcode.request import checked
from tidegauge.collect.prices.packaged import read_prices
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.stack import DEFAULT_REGION


def main(arguments: Sequence[str]) -> int:
    """Parses, checks, prints."""
    parser = argparse.ArgumentParser(prog="python -m benches.transcode.remote_check", description=__doc__)
    parser.add_argument("--media", action="append", type=Path, required=True, metavar="FILE")
    parser.add_argument("--rendition", action="append", required=True, metavar="NAME")
    parser.add_argument("--renditions", type=Path, metavar="FILE")
    parser.add_argument("--profile", action="append", required=True, metavar="NAME")
    options = parser.parse_args(arguments)
    try:
        request = checked(
            media=options.media,
            renditions=options.rendition,
            profiles=options.profile,
            host=this_host(),
            renditions_file=options.renditions,
        )
        book = read_prices(DEFAULT_REGION)
    except TidegaugeError as error:
        json.dump(error.as_json(), sys.stdout)
        return error.exit_code
    found = {
        "region": book.region,
        "profiles": [profile.document(book, None) for profile in request.profiles],
        "media": [path.name for path in request.media],
        "renditions": [rendition.name for rendition in request.renditions],
    }
    json.dump(found, sys.stdout)
    return ExitCode.PASS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
