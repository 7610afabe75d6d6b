"""Budgets of one upload and of one ffmpeg process, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an upload may ask of us, and what one ffmpeg process may take."""

    # 5,792 pixels square: a 729-byte GIF of 16,000 squared otherwise took 4.1 GB.
    picture_pixels_max: int = 33_554_432
    # A GIF of 4K is absurd already, and its pictures are held at four bytes a pixel: 4096 x 2160.
    gif_picture_pixels_max: int = 8_847_360
    # A GIF is decoded picture by picture on its full canvas: 1280 x 720 at 25/s for 60 s is 1.4e9. A few
    # kilobytes can ask for all of it, and 3840 x 2160 x 480 took 28 s.
    gif_pixel_frames_max: int = 1_500_000_000
    # 3840 x 2160 at 30/s for 60 s is 1.5e10.
    mp4_pixel_frames_max: int = 16_000_000_000
    # In all tracks, edits applied; libav holds 24 bytes for each. A minute of raw sound at 48 kHz is 2.9e6.
    mp4_samples_max: int = 3_000_000
    mp4_index_bytes_max: int = 16_777_216
    mp4_tracks_max: int = 32
    frames_max: int = 6_000  # 60 s at 100/s, the fastest that GIF delays can say
    duration_s_max: float = 60.0

    wall_s_max: float = 300.0  # one rendition; a quarter of a core needs about 10 s for a 5-s clip
    cpu_s_max: int = 300
    output_bytes_max: int = 268_435_456
    # One allocation inside ffmpeg. Not an address-space limit: that one breaks the start of decoders.
    alloc_bytes_max: int = 536_870_912
    # All memory of one ffmpeg process, looked at every 20 ms.
    rss_bytes_max: int = 2_147_483_648
    open_files_max: int = 256


DEFAULT_LIMITS = Limits()
