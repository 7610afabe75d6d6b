"""The ffmpeg core, run beside the event loop: all renditions of an original, stored when they are whole."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from infra_under_test.app.backends import Backends
from infra_under_test.app.media_keys import bucket_of, rendition_key
from infra_under_test.app.settings import StackSettings
from infra_under_test.app.worker.contents import Rendered, Renditions
from infra_under_test.transcode import (
    Ffmpeg,
    MediaRefused,
    RenditionBook,
    RenditionResult,
    inspect_upload,
    transcode,
)
from infra_under_test.transcode.graph import Encoder

MIME_TYPE_OF_KIND = {"gif": "image/gif", "mp4": "video/mp4"}

Result = TypeVar("Result")
Report = Callable[[float, str | None], None]  # share done (0 to 1), the rendition just finished


class UnlikeAnnounced(MediaRefused):
    """Media of another type than the upload said: the edge would serve it under a false name."""

    code = "unlike_announced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """Makes and stores the renditions of one original at a time."""

    backends: Backends
    stack: StackSettings
    ffmpeg: Ffmpeg
    book: RenditionBook
    encoder: Encoder

    async def render(self, asset_id: str, source: Path, mime_type: str, report: Report) -> Rendered:
        """All renditions; raises TranscodeError. `report` is called in the event loop."""
        info = await in_thread(lambda: inspect_upload(source))
        if MIME_TYPE_OF_KIND[info.kind] != mime_type:
            raise UnlikeAnnounced(f"the file is an {info.kind.upper()}, but was announced as {mime_type}")
        loop = asyncio.get_running_loop()

        def on_progress(share: float) -> None:
            loop.call_soon_threadsafe(report, share, None)

        made = await in_thread(
            lambda: transcode(
                source,
                source.parent / "renditions",
                [self.book.renditions[name] for name in self.book.upload],
                ffmpeg=self.ffmpeg,
                on_progress=on_progress,
                encoder=self.encoder,
            )
        )
        stored: Renditions = {}
        for result in made.results:
            stored[result.name] = await self._store(asset_id, result)
            report(1.0, result.name)
        return Rendered(renditions=stored, unfit=dict(made.unfit))

    async def _store(self, asset_id: str, made: RenditionResult) -> dict[str, Any]:
        key = rendition_key(asset_id, made.name, made.path.suffix)
        with made.path.open("rb") as body:
            await self.backends.s3.put_object(
                Bucket=bucket_of(key, self.stack), Key=key, Body=body, ContentType=made.mime_type
            )
        made.path.unlink()
        return {
            "path": f"/{key}",
            "bytes": made.bytes,
            "sha256": made.sha256,
            "mime_type": made.mime_type,
            "setting": dict(made.setting),
        }


async def in_thread(work: Callable[[], Result]) -> Result:
    """Run blocking work in a daemon thread: a worker that is told to stop does not wait for ffmpeg.

    The core's processes die with this one, so nothing is left running.
    """
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(future)
