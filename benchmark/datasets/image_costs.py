"""What one photo may cost, unless a run says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

MAX_MEGAPIXELS = 178.0
"""Just under the size at which Pillow itself speaks of a decompression bomb; 12,000 × 12,000 passes."""
MAX_SECONDS = 60.0


@dataclass(frozen=True)
class ReadingLimits:
    """What one photo may cost; one that would cost more is refused, which counts as a failure.

    Attributes:
        max_megapixels: millions of pixels; where a channel has 32 bits, a quarter as many. Decoding takes about 4 bytes
            for each.
        max_seconds: of processor time for decoding, so that a busy machine refuses nothing that a quiet one reads. As
            far as the decoder lets itself be interrupted; without effect outside the main thread of a process, and on
            Windows.
    """

    max_megapixels: float = MAX_MEGAPIXELS
    max_seconds: float = MAX_SECONDS

    @property
    def in_key(self) -> str:
        """What stands for the limits in a digest of photos; empty for those that nobody changed."""
        return "" if self == ReadingLimits() else f" limits {self.max_megapixels:g} {self.max_seconds:g}"

    @property
    def max_pixels(self) -> int:
        """Pixels of a photo."""
        return int(self.max_megapixels * 1_000_000)


DEFAULT_LIMITS = ReadingLimits()
