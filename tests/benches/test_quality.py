"""Quality is judged frame by frame against what the encoder was given, or not at all."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from benches.transcode.quality import Quality, harmonic_mean, measure_quality
from infra_under_test.transcode import RENDITIONS, Ffmpeg, Rendition, find_ffmpeg, inspect_upload, transcode

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
TAGS = ["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-colorspace", "bt709"]
CLIP = dataclasses.replace(RENDITIONS["preview_mp4"], fps="10")


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    return find_ffmpeg()


@pytest.fixture(scope="module")
def clip(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10 frames of 256 x 144 at 10/s, nearly lossless."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    run(ffmpeg, "-f", "lavfi", "-i", "testsrc2=s=256x144:r=10:d=1", *TAGS, "-crf", "4", str(path))
    return path


def run(ffmpeg: Ffmpeg, *arguments: str, folder: Path | None = None) -> None:
    subprocess.run([ffmpeg.path, "-v", "error", "-nostdin", *arguments], cwd=folder, check=True)


def encoded(ffmpeg: Ffmpeg, clip: Path, crf: int, folder: Path) -> Path:
    path = folder / f"crf{crf}.mp4"
    run(ffmpeg, "-i", str(clip), "-crf", str(crf), "-preset", "veryfast", str(path))
    return path


def judged(ffmpeg: Ffmpeg, source: Path, output: Path, rendition: Rendition = CLIP) -> Quality:
    return measure_quality(ffmpeg, source, output, rendition, inspect_upload(source))


def planes(path: Path) -> list[tuple[np.ndarray, ...]]:
    """Y, Cb and Cr of each frame, decoded by PyAV's own libraries."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(video=0)]
    height, width = frames[0].shape[0] * 2 // 3, frames[0].shape[1]
    quarter = height * width // 4
    found = []
    for frame in frames:
        flat = frame.astype(float).ravel()
        chroma = flat[height * width :].reshape(2, height // 2, width // 2)
        assert chroma[0].size == quarter
        found.append((flat[: height * width].reshape(height, width), chroma[0], chroma[1]))
    return found


def ssim_by_hand(made: np.ndarray, given: np.ndarray) -> float:
    """Wang et al. 2004, equation 13, over squares of 8 x 8 that are 4 apart, with sample variances."""
    windows = np.lib.stride_tricks.sliding_window_view
    x = windows(made, (8, 8))[::4, ::4].reshape(-1, 64)
    y = windows(given, (8, 8))[::4, ::4].reshape(-1, 64)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_x, mean_y = x.mean(axis=1), y.mean(axis=1)
    covariance = ((x - mean_x[:, None]) * (y - mean_y[:, None])).sum(axis=1) / 63
    return float(
        np.mean(
            (2 * mean_x * mean_y + c1)
            * (2 * covariance + c2)
            / ((mean_x**2 + mean_y**2 + c1) * (x.var(axis=1, ddof=1) + y.var(axis=1, ddof=1) + c2))
        )
    )


def test_a_copy_has_the_ssim_1_and_nearly_the_highest_vmaf(ffmpeg: Ffmpeg, clip: Path) -> None:
    quality = judged(ffmpeg, clip, clip)
    assert (quality.ssim, quality.frames, quality.reason) == (1.0, 10, None)
    assert quality.vmaf_mean is not None
    assert quality.vmaf_p5 is not None
    assert quality.vmaf_mean > 97  # by its model, VMAF gives less than 100 to frames without motion
    assert quality.vmaf_p5 <= 100


def test_ssim_is_what_its_definition_gives_on_the_decoded_planes(
    ffmpeg: Ffmpeg, clip: Path, tmp_path: Path
) -> None:
    output = encoded(ffmpeg, clip, 35, tmp_path)
    expected = [
        (4 * ssim_by_hand(made[0], given[0]) + sum(map(ssim_by_hand, made[1:], given[1:]))) / 6
        for made, given in zip(planes(output), planes(clip), strict=True)
    ]  # 4:2:0 has four times as many samples of Y as of either other
    assert judged(ffmpeg, clip, output).ssim == pytest.approx(np.mean(expected), abs=2e-4)


def test_vmaf_is_pooled_as_libvmaf_does_it_and_its_percentile_is_of_frames(
    ffmpeg: Ffmpeg, clip: Path, tmp_path: Path
) -> None:
    output = encoded(ffmpeg, clip, 35, tmp_path)
    graph = "[0:v][1:v]libvmaf=log_fmt=json:log_path=log.json"
    run(ffmpeg, "-i", str(output), "-i", str(clip), "-lavfi", graph, "-f", "null", "-", folder=tmp_path)
    log = json.loads((tmp_path / "log.json").read_text())
    quality = judged(ffmpeg, clip, output)
    assert quality.vmaf_mean == pytest.approx(log["pooled_metrics"]["vmaf"]["harmonic_mean"], abs=1e-4)
    ordered = sorted(frame["metrics"]["vmaf"] for frame in log["frames"])
    assert quality.vmaf_p5 == pytest.approx(ordered[0] + 0.45 * (ordered[1] - ordered[0]))  # rank 0.05 x 9


def test_the_harmonic_mean_falls_with_a_bad_frame_further_than_the_arithmetic_one() -> None:
    # over 1 + score: 2 / (1/100 + 1/20) - 1 = 2 / 0.06 - 1
    assert harmonic_mean([99.0, 19.0]) == pytest.approx(32.3333333)
    assert harmonic_mean([99.0, 0.0]) == pytest.approx(2 / 1.01 - 1)


def test_coarser_quantisers_are_judged_worse(ffmpeg: Ffmpeg, clip: Path, tmp_path: Path) -> None:
    found = [judged(ffmpeg, clip, encoded(ffmpeg, clip, crf, tmp_path)) for crf in (20, 32, 44)]
    for figures in (
        [quality.vmaf_mean for quality in found],
        [quality.vmaf_p5 for quality in found],
        [quality.ssim for quality in found],
    ):
        assert figures == sorted(figures, key=lambda figure: -(figure or 0))
        assert len(set(figures)) == 3


def test_unlike_numbers_of_frames_are_never_compared(ffmpeg: Ffmpeg, clip: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.mp4"
    run(ffmpeg, "-i", str(clip), "-frames:v", "9", str(short))
    quality = judged(ffmpeg, clip, short)
    assert (quality.vmaf_mean, quality.vmaf_p5, quality.ssim, quality.frames) == (None, None, None, None)
    assert quality.reason == "the output has 9 frames, the reference 10: never compared"


def test_transparency_is_judged_over_white_on_both_sides(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    output = tmp_path / "lossless.webp"
    scale = "fps=15,scale=240:240,format=bgra"
    options = ["-c:v", "libwebp_anim", "-lossless", "1", "-loop", "0"]
    run(ffmpeg, "-i", str(MEDIA / "alpha.gif"), "-vf", scale, *options, str(output))
    quality = judged(ffmpeg, MEDIA / "alpha.gif", output, RENDITIONS["webp"])
    assert quality.frames == 30
    assert quality.ssim is not None
    assert quality.ssim > 0.9999


def test_scaled_transparency_is_judged_as_the_core_drops_it(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    options = (("c:v", "libx264"), ("crf", "4"))
    small = dataclasses.replace(CLIP, width_max=100, height_max=100, encoder=options)
    output = transcode(MEDIA / "alpha.gif", tmp_path, [small], ffmpeg=ffmpeg).results[0].path
    ssim = judged(ffmpeg, MEDIA / "alpha.gif", output, small).ssim
    assert ssim is not None
    assert ssim > 0.999


def test_a_sticker_is_judged_with_its_padding(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    sticker = dataclasses.replace(RENDITIONS["sticker"], fps="10", duration_s_max=0.5)
    output = tmp_path / "sticker.webp"
    fit = (
        "format=rgba,scale=512:512:force_original_aspect_ratio=decrease:flags=lanczos,"
        "pad=512:512:(ow-iw)/2:(oh-ih)/2:color=black@0,format=bgra"
    )
    options = ["-c:v", "libwebp_anim", "-lossless", "1", "-loop", "0"]
    run(ffmpeg, "-i", str(MEDIA / "odd.gif"), "-t", "0.5", "-vf", f"fps=10,{fit}", *options, str(output))
    quality = judged(ffmpeg, MEDIA / "odd.gif", output, sticker)
    assert quality.frames == 5
    assert quality.ssim is not None
    assert quality.ssim > 0.999


def test_a_still_picture_has_ssim_alone(ffmpeg: Ffmpeg, clip: Path, tmp_path: Path) -> None:
    output = tmp_path / "poster.jpg"
    graph = ["-vf", "thumbnail=20", "-frames:v", "1", "-update", "1", "-q:v", "1", "-pix_fmt", "yuvj420p"]
    run(ffmpeg, "-i", str(clip), *graph, str(output))
    quality = judged(ffmpeg, clip, output, RENDITIONS["poster"])
    assert quality.vmaf_mean is quality.vmaf_p5 is None
    assert quality.ssim is not None
    assert quality.ssim > 0.98
    assert quality.reason == "VMAF judges moving pictures; a still one has SSIM alone"


def test_without_libvmaf_there_is_ssim_alone(ffmpeg: Ffmpeg, clip: Path) -> None:
    without = dataclasses.replace(ffmpeg, version="5.1.9", configuration="--enable-libx264")
    quality = judged(without, clip, clip)
    assert (quality.vmaf_mean, quality.vmaf_model, quality.ssim) == (None, None, 1.0)
    assert quality.reason == "ffmpeg 5.1.9 has no libvmaf; it has SSIM alone"


def test_4k_is_judged_by_the_model_for_4k(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = tmp_path / "uhd.mp4"
    options = ["-preset", "ultrafast", "-crf", "10"]
    run(ffmpeg, "-f", "lavfi", "-i", "testsrc2=s=3840x2160:r=2:d=1", *TAGS, *options, str(source))
    uhd = dataclasses.replace(RENDITIONS["uhd_4k"], fps=None)
    quality = judged(ffmpeg, source, source, uhd)
    assert (quality.vmaf_model, quality.frames) == ("vmaf_4k_v0.6.1", 2)
    assert judged(ffmpeg, source, source, dataclasses.replace(uhd, width_max=640)).vmaf_mean is None


def test_what_cannot_be_read_has_a_reason_and_no_figure(ffmpeg: Ffmpeg, clip: Path, tmp_path: Path) -> None:
    output = tmp_path / "not.mp4"
    output.write_bytes(b"no media")
    quality = judged(ffmpeg, clip, output)
    assert quality.vmaf_mean is quality.ssim is None
    assert quality.reason is not None
    assert quality.reason.startswith("output and reference could not be")
