"""`tidegauge catalogue create`: test assets for a stack."""

from __future__ import annotations

from pathlib import Path

import click

from tidegauge.cli.counter import Counter
from tidegauge.cli.output import json_option, print_json, say
from tidegauge.cli.paths import InputFile
from tidegauge.conduct.preflight import check_reachable
from tidegauge.conduct.uploads import create_catalogue, default_media
from tidegauge.stack import load_stack


@click.group(name="catalogue")
def catalogue_group() -> None:
    """Test assets in a stack."""


@catalogue_group.command(name="create")
@click.option(
    "--stack", "stack_file", required=True, type=click.Path(path_type=Path), help="Stack descriptor."
)
@click.option("--assets", required=True, type=click.IntRange(1, 1_000_000), help="How many assets to upload.")
@click.option("--media", multiple=True, type=InputFile(), help="A GIF or MP4. [default: fixtures/media]")
@click.option(
    "--out", type=click.Path(path_type=Path), help="The catalogue. [default: beside the stack file]"
)
@json_option
def create_command(
    stack_file: Path, assets: int, media: tuple[Path, ...], out: Path | None, as_json: bool
) -> int:
    """Upload assets through the stack's own API, and list them for runs to draw from.

    The media are used in turn. Each row of the catalogue (JSON Lines) has asset_id, short_code and the
    renditions with path, bytes and sha256; the stack file then names the catalogue.
    """
    stack = load_stack(stack_file)
    check_reachable(stack)
    path = out or stack_file.with_name(f"{stack.name}-catalogue.jsonl")
    with Counter("assets ready", assets) as counter:
        timing = create_catalogue(stack, stack_file, media or default_media(), assets, path, counter.update)
    say(
        f"{assets} assets: first of each content ready in {timing.transcode_s:.1f} s (transcoding), "
        f"the rest uploaded, linked and ready in {timing.upload_s:.1f} s"
    )
    if as_json:
        print_json(
            {
                "catalogue": str(path),
                "assets": assets,
                "transcode_s": timing.transcode_s,
                "upload_s": timing.upload_s,
            }
        )
    else:
        click.echo(str(path))
    return 0
