"""`tidegauge bench compare`: whether the transcode core got dearer between two benches."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click
from rich.table import Table

from tidegauge.cli.numbers import FiniteRange
from tidegauge.cli.output import json_option, people, print_json, printable, say
from tidegauge.conduct.bench.documents import read_document
from tidegauge.errors import ExitCode

EXIT_CODES = {"PASS": ExitCode.PASS, "FAIL": ExitCode.FAIL, "INCONCLUSIVE": ExitCode.INCONCLUSIVE}


@click.command(name="compare")
@click.argument("base", metavar="BASE.json", type=click.Path(path_type=Path))
@click.argument("new", metavar="NEW.json", type=click.Path(path_type=Path))
@click.option(
    "--threshold",
    default=0.05,
    show_default=True,
    type=FiniteRange(0, 10),
    help="How much dearer a cell may get: 0.05 is 5 % more CPU-seconds.",
)
@json_option
def compare_command(base: Path, new: Path, threshold: float, as_json: bool) -> int:
    """Hold a bench's CPU-seconds against an earlier one's, cell by cell.

    A cell regressed when the rounds show, with 5 % chance of any false alarm over all cells, that it takes
    more than the threshold above the base. Benches of unlike ffmpeg builds or processors are refused. Output
    size and VMAF are shown beside. Exit code 10 on a regression, 11 where a cell looks dearer but has too few
    rounds to tell, 2 where the benches are not alike.

    \b
    Example: tidegauge bench transcode --out new.json
             tidegauge bench compare base.json new.json
    """
    from tidegauge.analysis.transcode.compare import compare_benches  # loads scipy
    from tidegauge.analysis.transcode.document import read_bench

    before, after = (read_bench(read_document(path), path.name) for path in (base, new))
    found = compare_benches(before, after, threshold)
    if as_json:
        print_json({"schema_version": 1, **dataclasses.asdict(found), "refused": None})
        return EXIT_CODES[found.verdict]
    table = Table(box=None, pad_edge=False)
    table.add_column("cell", overflow="fold")
    for heading in ("base CPU s", "new", "ratio", "95 %", "bytes", "VMAF"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in found.comparisons:
        between = "n/a" if each.low is None else f"{each.low:.3f}–{each.high:.3f}"
        table.add_row(
            printable(f"{each.media} {each.rendition} {each.profile}"),
            f"{each.base_cpu_s:.3f}",
            f"{each.new_cpu_s:.3f}",
            f"{each.ratio:.3f}" + (" ▲" if each.regressed else ""),
            between,
            "n/a" if each.bytes_ratio is None else f"{each.bytes_ratio:.3f}",
            "n/a" if each.vmaf_change is None else f"{each.vmaf_change:+.2f}",
        )
    people.print(table)
    for reason in found.reasons:
        say(reason)
    for where, keys in (("base", found.only_in_base), ("new", found.only_in_new)):
        if keys:
            say(f"{len(keys)} cell(s) only in the {where} bench")
    say(found.verdict)
    return EXIT_CODES[found.verdict]
