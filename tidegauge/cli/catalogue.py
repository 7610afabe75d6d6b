"""`tidegauge catalogue create`: test assets for a stack."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from tidegauge.cli.output import json_option, people, print_json, say
from tidegauge.conduct import preflight
from tidegauge.conduct.uploads import MIME, Timing, Uploader, create
from tidegauge.errors import TidegaugeError
from tidegauge.house import MEDIA
from tidegauge.stack import Stack, load_stack


@click.group(name="catalogue")
def catalogue_group() -> None:
    """Test assets in a stack."""


@catalogue_group.command(name="create")
@click.option(
    "--stack", "stack_file", required=True, type=click.Path(path_type=Path), help="Stack descriptor."
)
@click.option("--assets", required=True, type=click.IntRange(1, 1_000_000), help="How many assets to upload.")
@click.option(
    "--media", multiple=True, type=click.Path(path_type=Path), help="A GIF or MP4. [default: fixtures/media]"
)
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
    preflight.check_reachable(stack)
    path = out or stack_file.with_name(f"{stack.name}-catalogue.jsonl")
    rows, timing = create_catalogue(stack, stack_file, assets, media or default_media(), path)
    say(f"{len(rows)} assets: first of each content ready in {timing.transcode_s:.1f} s (transcoding), ")
    say(f"the rest uploaded, linked and ready in {timing.upload_s:.1f} s")
    if as_json:
        print_json(
            {
                "catalogue": str(path),
                "assets": len(rows),
                "transcode_s": timing.transcode_s,
                "upload_s": timing.upload_s,
            }
        )
    else:
        click.echo(str(path))
    return 0


def create_catalogue(
    stack: Stack, stack_file: Path, assets: int, media: tuple[Path, ...], path: Path
) -> tuple[list[dict[str, Any]], Timing]:
    """Uploads, writes the catalogue at `path`, and names it in the stack file."""
    for one in media:
        if one.suffix not in MIME:
            raise TidegaugeError(f"{one} is neither .gif nor .mp4", "only these can be uploaded")
        if not one.is_file():
            raise TidegaugeError(f"media {one} does not exist", "check the path")
    with Progress(console=people, transient=True, disable=not people.is_terminal) as progress:
        bar = progress.add_task("assets ready", total=assets)
        rows, timing = create(
            Uploader(stack, _token(stack)), media, assets, lambda count: progress.update(bar, completed=count)
        )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    _name_in(stack_file, path)
    return rows, timing


def default_media() -> tuple[Path, ...]:
    """The media that come with the project."""
    manifest = json.loads((MEDIA / "manifest.json").read_text(encoding="utf-8"))
    return tuple(MEDIA / row["name"] for row in manifest["media"] if row["in_git"])


def _token(stack: Stack) -> str | None:
    if stack.auth is None or stack.auth.token_env is None:
        return None
    token = os.environ.get(stack.auth.token_env)
    if token is None:
        raise TidegaugeError(
            f"auth.token_env names {stack.auth.token_env}, which is not set",
            "export the token under that name",
        )
    return token


def _name_in(stack_file: Path, catalogue: Path) -> None:
    """`catalogue = …` at the head of the stack file, instead of the one that was there."""
    line = f"catalogue = {json.dumps(str(catalogue.resolve()))}\n"
    text = stack_file.read_text(encoding="utf-8")
    kept = re.sub(r"(?m)^catalogue\s*=.*\n?", "", text)
    stack_file.write_text(line + kept, encoding="utf-8")
