"""A clip as a phone held upright records it."""

from __future__ import annotations

from pathlib import Path

import av


def turned(source: Path, path: Path) -> Path:
    """The video of `source`, unchanged, with a quarter turn noted in the track's header."""
    with av.open(str(source)) as opened, av.open(str(path), "w") as written:
        video = opened.streams.video[0]
        copied = written.add_stream_from_template(video)
        copied.set_display_rotation(90)
        for packet in opened.demux(video):
            if packet.dts is not None:
                packet.stream = copied
                written.mux(packet)
    return path
