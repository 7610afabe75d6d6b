"""A GIF read block by block, without decoding a pixel (GIF89a specification, W3C 1990)."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

from infra_under_test.transcode.errors import CorruptMedia, NotMedia, TruncatedMedia
from infra_under_test.transcode.limits import Limits
from infra_under_test.transcode.media import MediaInfo, refuse_picture, refuse_sequence

SIGNATURES = (b"GIF87a", b"GIF89a")
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL = 0xF9
# Delays under 2 hundredths play as 10, in browsers and in ffmpeg (-min_delay, -default_delay of its demuxer).
_DELAY_CS_MIN, _DELAY_CS_DEFAULT = 2, 10


def walk_gif(path: Path, limits: Limits, *, trailer_required: bool = False) -> MediaInfo:
    """Size, frames and play time of the GIF at `path`; raises `MediaRefused` as soon as a budget is spent.

    The last byte, 0x3B, may be missing unless `trailer_required`: encoders forget it, and decoders show all.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            return _Walk(data=data, limits=limits, trailer_required=trailer_required).run()
        except IndexError:
            raise TruncatedMedia("the GIF ends in the middle: it was cut off") from None


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One pass over the blocks. Reading past the end raises IndexError."""

    data: mmap.mmap
    limits: Limits
    trailer_required: bool
    at: int = 0
    frames: int = 0
    duration_cs: int = 0
    delay_cs: int = 0  # the next image's, from its graphic control extension
    announced: bool = False  # whether that extension was read, so that an image has to follow
    pixels: int = 0  # the largest area that any image reaches

    def run(self) -> MediaInfo:
        if self._take(6) not in SIGNATURES:
            raise NotMedia("the file does not start like a GIF")
        width, height = self._u16(), self._u16()
        refuse_picture(width, height, self.limits.gif_picture_pixels_max)
        self.pixels = width * height
        self._skip_palette(packed=self._take(3)[0])
        while not self._ends_without_trailer() and (kind := self._take(1)[0]) != _TRAILER:
            if kind == _EXTENSION:
                self._extension()
            elif kind == _IMAGE:
                self._image()
            else:
                raise CorruptMedia(f"the GIF has an unknown block 0x{kind:02x} at byte {self.at - 1}")
        if not self.frames:
            raise CorruptMedia("the GIF has no picture")
        return MediaInfo(
            kind="gif", width=width, height=height, frames=self.frames, duration_s=self.duration_cs / 100
        )

    def _ends_without_trailer(self) -> bool:
        whole = self.frames and not self.announced and self.at == len(self.data)
        return bool(whole) and not self.trailer_required

    def _extension(self) -> None:
        if self._take(1)[0] == _GRAPHIC_CONTROL:
            self.announced = True
            size = self._take(1)[0]
            block = self._take(size)
            if size >= 3:
                self.delay_cs = int.from_bytes(block[1:3], "little")
        self._skip_sub_blocks()

    def _image(self) -> None:
        left, top, width, height = self._u16(), self._u16(), self._u16(), self._u16()
        refuse_picture(width, height, self.limits.gif_picture_pixels_max)
        # A frame may reach beyond the canvas, and decoders allocate what it reaches.
        refuse_picture(left + width, top + height, self.limits.gif_picture_pixels_max)
        self.pixels = max(self.pixels, (left + width) * (top + height))
        self._skip_palette(packed=self._take(1)[0])
        self._take(1)  # LZW minimum code size
        self._skip_sub_blocks()
        self.frames += 1
        self.duration_cs += self.delay_cs if self.delay_cs >= _DELAY_CS_MIN else _DELAY_CS_DEFAULT
        self.delay_cs, self.announced = 0, False
        refuse_sequence(
            kind="gif",
            pixels=self.pixels,
            frames=self.frames,
            duration_s=self.duration_cs / 100,
            limits=self.limits,
        )

    def _skip_palette(self, *, packed: int) -> None:
        if packed & 0x80:
            self.at += 3 << ((packed & 0x07) + 1)

    def _skip_sub_blocks(self) -> None:
        data, at = self.data, self.at  # locals: a large GIF has hundreds of thousands of sub-blocks
        while size := data[at]:
            at += size + 1
        self.at = at + 1

    def _u16(self) -> int:
        return int.from_bytes(self._take(2), "little")

    def _take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) < count:
            raise IndexError
        self.at += count
        return taken
