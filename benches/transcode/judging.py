"""Quality beside the times: an output is judged once, however many sizes of task made the same one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from benches.transcode.quality import Quality, measure_quality
from infra_under_test.transcode import Ffmpeg, MediaInfo, Rendition

NOT_ASKED_FOR = "quality was not asked for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Remembers what it judged, by medium, rendition and the output's sha256."""

    ffmpeg: Ffmpeg
    wanted: bool
    _judged: dict[tuple[Path, str, str], Quality] = field(default_factory=dict)

    def fields(
        self, medium: Path, rendition: Rendition, output: Path, sha256: str, info: MediaInfo
    ) -> dict[str, object]:
        """A cell's quality, null with its `quality_reason` where it was not judged."""
        quality = Quality(reason=NOT_ASKED_FOR)
        if self.wanted:
            key = (medium, rendition.name, sha256)
            if key not in self._judged:
                self._judged[key] = measure_quality(self.ffmpeg, medium, output, rendition, info)
            quality = self._judged[key]
        return {
            "vmaf_mean": quality.vmaf_mean,
            "vmaf_p5": quality.vmaf_p5,
            "vmaf_model": quality.vmaf_model,
            "ssim": quality.ssim,
            "quality_reason": quality.reason,
        }
