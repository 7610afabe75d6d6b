"""NVENC: whether it works here, told by encoding with it, and what stands for libx264's options."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from infra_under_test.transcode.binary import Ffmpeg
from infra_under_test.transcode.rendition import Rendition

_TRIAL_S_MAX = 20
_CODEC = "h264_nvenc"
# What ffmpeg says, and what it means; the first that fits. Listing h264_nvenc in -encoders says nothing.
_REASONS = (
    ("Unknown encoder", "this ffmpeg was built without h264_nvenc"),
    ("Cannot load libcuda", "no NVIDIA driver is here"),
    ("Cannot load nvcuda", "no NVIDIA driver is here"),
    ("Cannot load libnvidia-encode", "the container may not encode: give it the driver's video capability"),
    ("required nvenc API version", "the NVIDIA driver is too old for this ffmpeg"),
    ("No capable devices", "no GPU here has an encoder, or all its sessions are taken"),
    ("OpenEncodeSessionEx failed", "no GPU here has an encoder, or all its sessions are taken"),
)
# libx264's presets by what they cost, beside NVENC's p1 (fastest) to p7; quality is matched by measuring.
_PRESETS = {
    "ultrafast": "p1", "superfast": "p1", "veryfast": "p2", "faster": "p3", "fast": "p4", "medium": "p5",
    "slow": "p6", "slower": "p7", "veryslow": "p7",
}  # fmt: skip
_KEPT = ("maxrate", "bufsize", "profile:v", "level:v", "g", "movflags", "c:a", "b:a")


@dataclass(frozen=True, slots=True, kw_only=True)
class NvencProbe:
    """What encoding three frames with NVENC came to."""

    available: bool
    reason: str  # why not, in a sentence; empty where it works
    detail: str = ""  # ffmpeg's own words


def probe(ffmpeg: Ffmpeg) -> NvencProbe:
    """Encodes three frames with NVENC."""
    argv = [str(ffmpeg.path), "-hide_banner", "-nostdin", "-loglevel", "error", "-f", "lavfi"]
    argv += ["-i", "nullsrc=s=256x256:d=0.2:r=25", "-frames:v", "3", "-pix_fmt", "yuv420p"]
    argv += ["-c:v", _CODEC, "-f", "null", "-"]
    try:
        tried = subprocess.run(argv, capture_output=True, text=True, timeout=_TRIAL_S_MAX, check=False)
    except subprocess.TimeoutExpired:
        return NvencProbe(available=False, reason=f"NVENC did not answer within {_TRIAL_S_MAX} s")
    if tried.returncode == 0:
        return NvencProbe(available=True, reason="")
    return NvencProbe(available=False, reason=classify(tried.stderr), detail=tried.stderr.strip()[-2000:])


def classify(stderr: str) -> str:
    """Why NVENC failed, in a sentence, from what ffmpeg said."""
    return next((reason for said, reason in _REASONS if said in stderr), "NVENC failed to encode")


def can_encode(rendition: Rendition) -> bool:
    """Whether NVENC can make `rendition`: GIF, WebP and JPEG stay on the CPU."""
    return dict(rendition.encoder).get("c:v") == "libx264"


def options(rendition: Rendition) -> tuple[tuple[str, str], ...]:
    """h264_nvenc output options that stand for the libx264 ones of `rendition`.

    Constant quality (`cq`) takes crf's number: the scales resemble each other, and only quality that is
    measured compares. ValueError for a rendition that NVENC cannot make.
    """
    asked = dict(rendition.encoder)
    if not can_encode(rendition):
        raise ValueError(f"{rendition.name} is not made by libx264, so NVENC has nothing to stand for")
    kept = tuple((name, asked[name]) for name in _KEPT if name in asked)
    quality = ("cq", asked.get("crf", "23"))
    return (
        ("c:v", _CODEC),
        ("preset", _PRESETS[asked.get("preset", "medium")]),
        ("rc", "vbr"),
        quality,
        *kept,
    )
