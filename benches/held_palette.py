"""A GIF palette made by k-means, and pixels that keep their colour from one picture to the next.

A prototype of what the core could do instead of palettegen and paletteuse; `benches.gif_peers` measures it. A
GIF stores a pixel that did not change as transparent, which LZW makes nearly free. Noise spoils that: nearly
every pixel of natural video gets another colour of the palette in each picture. So a pixel keeps its colour
as long as that is hardly further from the truth than the best one.

    python benches/held_palette.py PICTURES WIDTH HEIGHT COLOURS SLACK HELD PALETTE

reads raw rgb24 pictures and writes them in colours of the palette, and the palette as a PNG of 16 x 16.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.spatial import cKDTree

Pictures = npt.NDArray[np.uint8]  # (pictures, height, width, 3): sRGB
Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]

SAMPLE = 60_000  # pixels that the palette is made from
_ITERATIONS = 30
_SEED = 7
_LIGHTNESS = 1.25  # took fewer bytes at VMAF 95.4 than 1, 1.5 and 2
# sRGB to OKLab: Björn Ottosson, "A perceptual color space for image processing", 2020.
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(rgb: npt.NDArray[np.uint8]) -> Floats:
    """(n, 3) of sRGB as lightness, green-red and blue-yellow, in which distances are as people see them."""
    encoded = np.arange(256) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    lab: Floats = (np.cbrt(linear[rgb] @ _TO_LMS.T) @ _TO_LAB.T).astype(np.float32)
    return lab


def _seen(rgb: npt.NDArray[np.uint8]) -> Floats:
    """OKLab with its lightness stretched: errors of lightness are seen, and judged by VMAF, first."""
    return oklab(rgb) * np.array([_LIGHTNESS, 1, 1], dtype=np.float32)


def make_palette(pictures: Pictures, colours: int, generator: np.random.Generator) -> Pictures:
    """(colours, 3): k-means in OKLab from a median cut (Lloyd 1982), of a sample of all pixels."""
    pixels = pictures.reshape(-1, 3)
    sample = pixels[generator.integers(len(pixels), size=min(SAMPLE, len(pixels)))]
    cut = Image.fromarray(sample.reshape(1, -1, 3)).quantize(colours, method=Image.Quantize.MEDIANCUT)
    belongs: Indices = np.asarray(cut).ravel().astype(np.intp)
    lab = _seen(sample)
    for _ in range(_ITERATIONS):
        centres = _means(lab, belongs, colours)
        empty = np.flatnonzero(np.bincount(belongs, minlength=colours) == 0)
        if len(empty):  # an unused colour moves to the pixels that are worst off
            errors = ((lab - centres[belongs]) ** 2).sum(axis=1)
            centres[empty] = lab[np.argsort(-errors)[: len(empty)]]
        belongs = _nearest(centres, lab)
    return _means(sample, belongs, colours).round().astype(np.uint8)


def hold_colours(pictures: Pictures, palette: Pictures, slack: float) -> npt.NDArray[np.uint8]:
    """The palette index of each pixel, that of the picture before where its error allows.

    A pixel keeps its colour while its squared distance as `_seen` is at most `slack` above the best one's.
    """
    centres, (_, height, width, _) = _seen(palette), pictures.shape
    known = np.zeros(1 << 24, dtype=np.int32)
    colours = np.flatnonzero(_occurring(pictures, len(known)))
    known[colours] = np.arange(len(colours))
    rgb = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).astype(np.uint8)
    lab = _seen(rgb)
    nearest = _nearest(centres, lab).astype(np.uint8)
    allowed = ((lab - centres[nearest]) ** 2).sum(axis=1) + np.float32(slack)
    held = np.empty(pictures.shape[:3], dtype=np.uint8)
    before: npt.NDArray[np.uint8] | None = None
    for index, picture in enumerate(pictures):
        which = known[_keys(picture)]
        chosen = nearest[which]
        if before is not None:
            error = ((lab[which] - centres[before]) ** 2).sum(axis=1)
            chosen = np.where(error <= allowed[which], before, chosen)
        held[index] = chosen.reshape(height, width)
        before = chosen
    return held


def _nearest(centres: Floats, lab: Floats) -> Indices:
    return np.asarray(cKDTree(centres).query(lab)[1], dtype=np.intp)


def _means(values: npt.NDArray[np.uint8] | Floats, belongs: Indices, count: int) -> Floats:
    sizes = np.maximum(np.bincount(belongs, minlength=count), 1)
    sums = [np.bincount(belongs, values[:, axis], minlength=count) for axis in range(3)]
    return (np.stack(sums, axis=1) / sizes[:, None]).astype(np.float32)


def _keys(picture: Pictures) -> npt.NDArray[np.int32]:
    wide = picture.reshape(-1, 3).astype(np.int32)
    return wide[:, 0] << 16 | wide[:, 1] << 8 | wide[:, 2]


def _occurring(pictures: Pictures, colours: int) -> npt.NDArray[np.bool_]:
    """The colours that occur in the pictures."""
    seen = np.zeros(colours, dtype=np.bool_)
    for picture in pictures:
        seen[_keys(picture)] = True
    return seen


def main(arguments: list[str]) -> None:
    """Reads pictures and writes them as the module's docstring says."""
    source, width, height, colours, slack, held, palette_png = arguments
    pictures = np.memmap(source, dtype=np.uint8, mode="r").reshape(-1, int(height), int(width), 3)
    palette = make_palette(pictures, int(colours), np.random.default_rng(_SEED))
    palette[hold_colours(pictures, palette, float(slack))].tofile(held)
    shown = np.repeat(palette[-1:], 256, axis=0)  # 16 x 16 is what paletteuse reads
    shown[: len(palette)] = palette
    Image.fromarray(shown.reshape(16, 16, 3)).save(Path(palette_png))


if __name__ == "__main__":
    main(sys.argv[1:])
