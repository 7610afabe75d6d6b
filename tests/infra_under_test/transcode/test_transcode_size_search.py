"""Renditions with a size: the best quality that fits, and a sentence where none does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from infra_under_test.transcode import RENDITIONS, transcode
from infra_under_test.transcode.rendition import QualityRange
from infra_under_test.transcode.size_search import mildest_that_fits

MEDIA = Path(__file__).parents[3] / "fixtures" / "media"


@pytest.mark.parametrize("fits_from", range(23))
def test_halving_finds_the_mildest_of_22_with_five_encodes(fits_from: int) -> None:
    encoded: list[int] = []

    def encode(variant: int) -> int:
        encoded.append(variant)
        return 100 - variant

    found = mildest_that_fits(range(22), encode, 100 - fits_from)
    assert found == (fits_from if fits_from < 22 else None)
    assert len(encoded) <= 5


def test_what_fits_at_once_is_encoded_once(tmp_path: Path) -> None:
    (made,) = transcode(MEDIA / "odd.gif", tmp_path, [RENDITIONS["sticker"]]).results
    assert (made.encodes, made.bytes <= 500_000) == (1, True)
    assert made.setting == {}


def test_quality_falls_until_the_file_fits_and_no_further(tmp_path: Path) -> None:
    wide = RENDITIONS["discord_mp4"]
    (full,) = transcode(MEDIA / "city.gif", tmp_path / "full", [wide]).results
    capped = replace(wide, bytes_max=full.bytes // 2)
    (made,) = transcode(MEDIA / "city.gif", tmp_path / "capped", [capped]).results
    assert made.encodes in (1 + 4, 1 + 5)  # crf has 22 steps: four or five halvings
    assert full.bytes // 4 < made.bytes <= full.bytes // 2


def test_a_result_says_the_setting_that_fitted_and_one_milder_is_too_large(tmp_path: Path) -> None:
    wide = RENDITIONS["preview_mp4"]
    search = QualityRange(option="crf", worst=40, step=1)
    (full,) = transcode(MEDIA / "city.gif", tmp_path / "full", [wide]).results
    capped = replace(wide, bytes_max=full.bytes * 2 // 3, search=search)
    (made,) = transcode(MEDIA / "city.gif", tmp_path / "capped", [capped]).results
    assert made.setting.keys() == {"crf"}
    chosen = int(made.setting["crf"])
    by_hand = {}
    for crf in (chosen - 1, chosen):
        encoder = tuple((key, str(crf) if key == "crf" else value) for key, value in wide.encoder)
        (again,) = transcode(
            MEDIA / "city.gif", tmp_path / str(crf), [replace(wide, encoder=encoder)]
        ).results
        by_hand[crf] = again
    assert by_hand[chosen].sha256 == made.sha256
    assert by_hand[chosen - 1].bytes > full.bytes * 2 // 3


def test_a_setting_names_every_field_that_a_step_changed() -> None:
    gif = replace(RENDITIONS["slack_gif"], search=((("fps", "8"), ("palette_colours", "32")),))
    (smaller,) = gif.smaller()
    assert smaller.changes_from(gif) == {"fps": "8", "palette_colours": "32"}


def test_what_cannot_fit_is_named_with_its_reason_and_costs_the_others_nothing(tmp_path: Path) -> None:
    impossible = replace(RENDITIONS["sticker"], bytes_max=2000)
    made = transcode(MEDIA / "noise.gif", tmp_path, [impossible, RENDITIONS["poster"]])
    assert [result.name for result in made.results] == ["poster"]
    assert made.unfit["sticker"].endswith("bytes at the lowest quality; WhatsApp takes 2,000")
    assert [path.name for path in tmp_path.iterdir()] == ["poster.jpg"]
