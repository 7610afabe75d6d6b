"""The renditions as data: the facts' seven, and files of users."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_under_test.transcode import RENDITIONS, RenditionsRefused, load_renditions, read_book


def test_the_seven_are_what_platforms_take() -> None:
    sizes = {name: (each.width_max, each.height_max, each.bytes_max) for name, each in RENDITIONS.items()}
    assert sizes == {
        "discord_mp4": (1280, 720, 10 * 2**20),
        "preview_mp4": (854, 480, None),
        "slack_gif": (480, 480, 5_000_000),
        "webp": (480, 480, None),
        "sticker": (512, 512, 500_000),
        "poster": (1280, 720, None),
        "uhd_4k": (3840, 2160, None),
    }


def book(folder: Path, text: str) -> Path:
    (folder / "mine.toml").write_text(text)
    return folder / "mine.toml"


def test_a_file_changes_the_keys_it_gives_and_adds_names(tmp_path: Path) -> None:
    mine = book(
        tmp_path,
        'upload = ["tiny", "poster"]\n[discord_mp4]\nbytes_max = 20971520\n[tiny]\nplatform = "ours"\n'
        'source = "ours"\nconfidence = "tried"\ncontainer = "gif"\nwidth_max = 64\nheight_max = 64\n'
        'fps = "5"\npalette_colours = 16\nencoder = { loop = "0" }\n',
    )
    read = read_book(mine)
    assert read.upload == ("tiny", "poster")
    assert read.renditions["discord_mp4"].bytes_max == 20_971_520
    assert read.renditions["discord_mp4"].width_max == 1280
    assert set(read.renditions) == {*RENDITIONS, "tiny"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[webp]\nqualty = 3", "unknown key 'qualty'"),
        ("[webp]\nwidth_max = 0", "webp.width_max"),
        ("[webp]\nbytes_max = 5", "bytes_max needs `search`"),
        ('[webp]\nencoder = { "i" = "/etc/passwd; rm" }', "webp.encoder"),
        ('upload = ["posterr"]', "did you mean 'poster'?"),
        ("[webp\n", "is not TOML"),
        ('[new]\nplatform = "x"', "Field required"),
        ("webp = 3", "is not the table of a rendition"),
        ('[discord_mp4]\nsearch = { option = "cfr", worst = 45, step = 1 }', "search"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(RenditionsRefused) as caught:
        load_renditions(book(tmp_path, text))
    assert words in caught.value.reason
    assert "mine.toml" in caught.value.reason


def test_smaller_variants_run_from_mild_to_severe() -> None:
    crf = [dict(each.encoder)["crf"] for each in RENDITIONS["discord_mp4"].smaller()]
    assert crf == [str(value) for value in range(24, 46)]
    colours = [each.palette_colours for each in RENDITIONS["slack_gif"].smaller()]
    assert colours == sorted(colours, key=lambda count: -(count or 0))
