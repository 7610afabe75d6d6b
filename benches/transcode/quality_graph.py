"""The ffmpeg command that compares a rendition with the frames that its encoder was given."""

from __future__ import annotations

from pathlib import Path

from infra_under_test.transcode import Limits, MediaInfo, Rendition
from infra_under_test.transcode.graph import output_fps, output_size, play_time_s_max

# Files that the command leaves in its folder; FRAME_COUNTS are those of the output and of the reference.
FRAME_COUNTS = ("output.framecrc", "reference.framecrc")
SSIM_LOG, VMAF_LOG = "ssim.log", "vmaf.json"
_SOURCE_DEMUXERS = {"gif": "gif", "mp4": "mov"}
_OUTPUT_DEMUXERS = {"gif": "gif", "mp4": "mov", "webp": "webp_anim", "jpeg": "jpeg_pipe"}
_RATE = 25  # set on both sides, so that frame n meets frame n whatever their containers say of time
_PAIRED = f"settb=1/{_RATE},setpts=N"
_BT709 = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
_POSTER = "thumbnail=20,trim=end_frame=1"  # the picture that the core chooses


def comparison_argv(
    executable: Path,
    source: Path,
    output: Path,
    rendition: Rendition,
    info: MediaInfo,
    *,
    model: str | None,
    threads: int,
    limits: Limits,
) -> list[str]:
    """Compares `output` with `source` as `rendition` prepares it; SSIM alone without a VMAF `model`."""
    argv = [str(executable), "-hide_banner", "-nostdin", "-loglevel", "error", "-xerror"]
    argv += ["-max_alloc", str(limits.alloc_bytes_max)]
    inputs = ((output, _OUTPUT_DEMUXERS[rendition.container]), (source, _SOURCE_DEMUXERS[info.kind]))
    for path, demuxer in inputs:
        argv += ["-max_pixels", str(limits.picture_pixels_max), "-protocol_whitelist", "file"]
        argv += ["-f", demuxer, "-i", f"file:{path}"]
    argv += ["-filter_complex", ";".join(_graph(rendition, info, model, threads, limits))]
    for stream, name in zip(("made", "given"), FRAME_COUNTS, strict=True):
        argv += ["-map", f"[{stream}]", "-fps_mode", "passthrough", "-f", "framecrc", f"file:{name}"]
    return [*argv, "-map", "[judged]", "-f", "null", "-"]


def _graph(
    rendition: Rendition, info: MediaInfo, model: str | None, threads: int, limits: Limits
) -> list[str]:
    size = output_size(info, rendition)
    transparent = rendition.container in ("gif", "webp")
    graph = [
        *_side("0:v:0", "made", _as_shown(rendition, info), size if transparent else None, []),
        *_side(
            "1:v:0",
            "given",
            _as_given(rendition, info, size, limits),
            # Where the output has no transparency the core drops it: a decoded GIF is white underneath.
            size if transparent and (info.kind == "gif" or rendition.pad) else None,
            [_POSTER] if rendition.still else [],
        ),
        "[made_yuv]split[made][a]",
    ]
    if model is None:
        return [*graph, "[given_yuv]split[given][b]", f"[a][b]ssim=stats_file={SSIM_LOG}[judged]"]
    vmaf = f"libvmaf=model=version={model}:n_threads={threads}:log_fmt=json:log_path={VMAF_LOG}"
    return [
        *graph,
        "[given_yuv]split=3[given][b][c]",
        f"[a][b]ssim=stats_file={SSIM_LOG}[passed]",
        f"[passed][c]{vmaf}[judged]",
    ]


def _as_shown(rendition: Rendition, info: MediaInfo) -> list[str]:
    """The output as a player shows it: encoders join equal pictures of a GIF or a WebP into one."""
    return [f"fps={output_fps(info, rendition)}"] if rendition.container in ("gif", "webp") else []


def _as_given(rendition: Rendition, info: MediaInfo, size: tuple[int, int], limits: Limits) -> list[str]:
    """The source as the core prepares it for the encoder."""
    width, height = size
    fixed_rate = rendition.fps is not None or info.kind == "gif" or rendition.container in ("gif", "webp")
    filters = [f"fps={output_fps(info, rendition)}"] if fixed_rate else []
    if not rendition.still:
        filters.append(f"trim=end={play_time_s_max(rendition, limits):g}")
    if rendition.frames_max is not None:
        filters.append(f"trim=end_frame={rendition.frames_max}")
    if not rendition.pad:
        return [*filters, f"scale={width}:{height}:flags=lanczos"]
    fit = f"scale={width}:{height}:force_original_aspect_ratio=decrease:flags=lanczos"
    return [*filters, "format=rgba", fit, f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2:color=black@0"]


def _side(
    stream: str, name: str, before: list[str], white: tuple[int, int] | None, after: list[str]
) -> list[str]:
    """`stream` as [NAME_yuv]: BT.709 4:2:0, over white of that size where it may be transparent."""
    end = ",".join([*after, _BT709, _PAIRED]) + f"[{name}_yuv]"
    if white is None:
        return [f"[{stream}]" + ",".join([*before, _PAIRED, end])]
    width, height = white
    return [
        f"[{stream}]" + ",".join([*before, _PAIRED, f"format=rgba[{name}_over]"]),
        f"color=c=white:s={width}x{height}:r={_RATE},format=rgba[{name}_white]",
        f"[{name}_white][{name}_over]overlay=format=auto:shortest=1,{end}",
    ]
