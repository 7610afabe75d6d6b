"""The image of benches/transcode/image/Dockerfile: what it pins and copies."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^[A-Za-z0-9._-]+==[^ ;\\]+", re.MULTILINE)


def pins(lock: Path) -> set[str]:
    return set(PIN.findall(lock.read_text(encoding="utf-8")))


def test_the_image_has_the_versions_of_every_other_figure() -> None:
    image = pins(ROOT / "benches" / "transcode" / "image" / "image.lock")
    assert image
    assert image <= pins(ROOT / "requirements" / "all.lock")


def test_what_the_image_copies_is_sent_to_the_engine() -> None:
    copied = re.findall(
        r"^COPY (?!--from)(\S+)",
        (ROOT / "benches" / "transcode" / "image" / "Dockerfile").read_text("utf-8"),
        re.M,
    )
    assert copied
    sent = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for source in copied:
        parents = [source, *map(str, Path(source).parents)]
        assert (ROOT / source).exists()
        assert any(f"!{parent.removeprefix('./')}" in sent for parent in parents), source
