"""How well detectors find masks, as plugins: overlap with the true mask, masks missed, masks found where none is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import Card
from benchmark.plugins import register_metric
from benchmark.verification.base import MaskMetric

Masks = NDArray[np.uint8]


@register_metric("mask_iou")
class MaskIou(MaskMetric):
    """Covered pixels that both name, over pixels that either names: true mask and the one found; mean over faces."""

    card = Card(source="Jaccard index")
    title = "Mask IoU"
    share = True
    higher_is_better = True

    def per_image(self, true: Masks, found: Masks) -> NDArray[np.float64]:
        """Intersection over union; a mask that was missed altogether counts 0."""
        return _share((true > 0) & (found > 0), (true > 0) | (found > 0), where_empty=np.nan)


@register_metric("mask_precision")
class MaskPrecision(MaskMetric):
    """Share of the pixels found that are covered; mean over faces, 0 where nothing was found."""

    title = "Mask precision"
    share = True
    higher_is_better = True

    def per_image(self, true: Masks, found: Masks) -> NDArray[np.float64]:
        """Covered ones among those found."""
        return _share((true > 0) & (found > 0), found > 0, where_empty=0.0)


@register_metric("mask_recall")
class MaskRecall(MaskMetric):
    """Share of the covered pixels that were found; mean over faces."""

    title = "Mask recall"
    share = True
    higher_is_better = True

    def per_image(self, true: Masks, found: Masks) -> NDArray[np.float64]:
        """Found ones among those covered."""
        return _share((true > 0) & (found > 0), true > 0, where_empty=np.nan)


@register_metric("mask_left")
class MaskLeft(MaskMetric):
    """Share of the covered pixels outside the hole, which a completer takes for face; mean over faces."""

    title = "Mask left"
    share = True
    higher_is_better = False

    def per_image(self, true: Masks, found: Masks) -> NDArray[np.float64]:
        """Covered ones that were not found, among those covered."""
        return _share((true > 0) & (found == 0), true > 0, where_empty=np.nan)


@register_metric("hole_excess")
class HoleExcess(MaskMetric):
    """Pixels of the hole beyond the mask, as a share of the mask's: true face given away; mean over faces."""

    title = "Hole excess"
    share = True
    higher_is_better = False

    def per_image(self, true: Masks, found: Masks) -> NDArray[np.float64]:
        """Found ones that are not covered, over those covered; may exceed 1."""
        return _share((true == 0) & (found > 0), true > 0, where_empty=np.nan)


@register_metric("missed_masks")
class MissedMasks(MaskMetric):
    """Share of masked faces on which the detector found nothing at all; known for masks really worn, too."""

    title = "Missed masks"
    share = True
    higher_is_better = False
    needs_truth = False

    def per_image(self, true: Masks, found: Masks) -> NDArray[np.float64]:  # noqa: ARG002
        """1 where nothing was found."""
        return (~_anything(found)).astype(np.float64)


@register_metric("false_masks")
class FalseMasks(MaskMetric):
    """Share of faces without mask on which the detector found one, however small."""

    title = "False masks"
    share = True
    higher_is_better = False
    bare = True

    def per_image(self, true: Masks, found: Masks) -> NDArray[np.float64]:  # noqa: ARG002
        """1 where anything was found."""
        return _anything(found).astype(np.float64)


def _anything(found: Masks) -> NDArray[np.bool_]:
    return np.array([mask.any() for mask in found], dtype=np.bool_)


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_], *, where_empty: float) -> NDArray[np.float64]:
    counted, of = (pixels.reshape(len(pixels), -1).sum(axis=1).astype(np.float64) for pixels in (part, whole))
    shares: NDArray[np.float64] = np.divide(counted, of, out=np.full(len(of), where_empty), where=of > 0)
    return shares
