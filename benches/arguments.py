"""Command lines that the benches share."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """A parser whose help shows the module's docstring as it stands, and how the module is called."""
    return argparse.ArgumentParser(
        prog=f"python -m benches.{Path(sys.argv[0]).stem}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_core_options(parser: argparse.ArgumentParser, rounds: int) -> None:
    """The options of benches that put media through the transcode core round after round."""
    parser.add_argument("--rounds", type=int, default=rounds, metavar="N")
    parser.add_argument("--media", action="append", type=Path, metavar="FILE", help="repeatable")
    parser.add_argument("--json", action="store_true", help="one document on stdout")
