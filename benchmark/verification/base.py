"""The base classes of metrics, and the rows of ``metrics.csv`` that they produce.

A metric is one of ten kinds, by what it sees; an author writes one method, or one function (see `metric_functions`):

* `RateMetric`: a rate of errors at a threshold, from counts (vectorised over bootstrap replicates);
* `ScoreMetric`: anything else computed from mated and non-mated scores;
* `ComparisonMetric`: needs to know which photos were compared, or the folds;
* `SearchMetric`: how well probes are found in a gallery, from the outcome of every search;
* `ContrastMetric`: sets a condition's errors against those of other conditions on the same comparisons;
* `ImageMetric`: compares restored pixels with true ones, pixel by pixel;
* `ImageSetMetric`: compares the set of restored images with the set of true ones;
* `MaskMetric`: compares the mask that a detector found with the true one;
* `FeatureMetric`: compares the set of restored probes with the set of raw ones, by a recogniser's embeddings;
* `CostMetric`: time or memory, measured by the pipeline while it works and only described here.

Only the class says how its values are printed and which of two values is better: `Metric.descriptions` puts this into
the manifest of every run, where the report and `compare` read it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import AVAILABLE, Availability, Card
from benchmark.verification.error_rates import ErrorCounts
from benchmark.verification.metric_description import MetricDescription
from benchmark.verification.samples import (
    ComparisonSample,
    Estimate,
    FeatureSample,
    ImageSetSample,
    ScoreSample,
    SearchSample,
)
from benchmark.verification.subject_scores import SubjectScores


class Metric(ABC):
    """A number that says how well people are told apart, or how like the truth a restored image is."""

    kind: ClassVar[str] = ""
    """Given by the ten base classes below; a class without one cannot be measured."""
    author_writes: ClassVar[str] = ""
    """The method of the kind that an author writes, and that a decorated function becomes."""
    card: ClassVar[Card] = Card()
    version: ClassVar[int] = 1
    """Raised whenever the same input would give another value; stored with every run."""
    title: ClassVar[str] = ""
    """As tables call it; empty = the registered name."""
    share: ClassVar[bool] = False
    """Whether the value is a share, 1 = all: printed as a percentage."""
    unit: ClassVar[str] = ""
    """Beside the printed number; empty = ``"%"`` for a share, none for a number."""
    higher_is_better: ClassVar[bool | None] = None
    """The better direction; None where there is none."""
    decimals: ClassVar[int | None] = None
    """Of the printed number; None = 1 for a share, 3 for a number."""
    signed: ClassVar[bool] = False
    """Whether the value is a difference, printed with a plus sign."""
    held_to_target: ClassVar[bool] = False
    """Whether a target false match rate bounds it: printed with as many decimals as the target needs."""

    @classmethod
    def availability(cls) -> Availability:
        """Whether the metric can be computed here."""
        return AVAILABLE

    def descriptions(self, name: str) -> dict[str, MetricDescription]:
        """What ``manifest.json`` says of the metric's rows, by the name in their column ``metric``.

        Args:
            name: that the metric is registered by.
        """
        meaning = self.card.summary or (type(self).__doc__ or "").strip().partition("\n")[0]
        decimals = self.decimals
        if decimals is None:
            decimals = 1 if self.share else 3
        return {
            name: MetricDescription(
                title=self.title or name.replace("_", " "),
                meaning=meaning,
                kind=self.kind,
                share=self.share,
                unit=self.unit or ("%" if self.share else ""),
                higher_is_better=self.higher_is_better,
                decimals=decimals,
                signed=self.signed,
                held_to_target=self.held_to_target,
                version=self.version,
            )
        }


class ScoreMetric(Metric):
    """A number from the mated and non-mated scores of a condition, one row for each of its threshold kinds.

    ```python
    @register_metric("median-gap")
    class MedianGap(ScoreMetric):
        '''Median mated score − median non-mated score.'''

        higher_is_better = True

        def evaluate(self, sample, threshold):
            return float(np.median(sample.mated) - np.median(sample.nonmated))
    ```
    """

    kind = "score"
    author_writes = "evaluate"
    threshold_kinds: ClassVar[tuple[str, ...]] = ("none",)
    """Of ``"frozen"``, ``"matched"`` and ``"none"``: the thresholds it is evaluated at, at every target FMR."""
    uses_weights: ClassVar[bool] = False
    """Whether `evaluate` heeds the sample's weights; only then is there a bootstrap interval."""

    @abstractmethod
    def evaluate(self, sample: ScoreSample, threshold: float | None) -> float | None:
        """The value; None where it is not defined.

        Args:
            sample: sorted completed scores, weights, and the weight of failed comparisons.
            threshold: accept where ``score >= threshold``; None for the kind ``"none"``.
        """

    def replicates(
        self,
        scores: SubjectScores,  # noqa: ARG002
        draws: NDArray[np.int32],  # noqa: ARG002
    ) -> NDArray[np.float64] | None:
        """`evaluate`, without a threshold, of all replicates at once, for a metric that can do this faster than one by
        one: ``(R,)``, NaN where it is not defined. None = one by one.

        Args:
            scores: sorted, with the subjects that each belongs to.
            draws: ``int32 (R, S)``, how often each replicate drew each subject.
        """
        return None


class RateMetric(Metric):
    """An error rate at a frozen or matched threshold, a function of six counts."""

    kind = "rate"
    author_writes = "rate"
    share_of: ClassVar[str] = ""
    """``"mated"`` or ``"nonmated"`` where the rate is a share of these comparisons: it then has Wilson's interval. Any
    other function of the counts has that of its replicates."""
    threshold_kinds: ClassVar[tuple[str, ...]] = ("frozen", "matched")

    @abstractmethod
    def rate(self, counts: ErrorCounts) -> NDArray[np.float64]:
        """The rate, element by element of the counts' arrays; NaN where it is not defined."""


class ComparisonMetric(Metric):
    """A number that needs the comparisons themselves: which photos, which folds. Brings its own interval."""

    kind = "comparison"
    author_writes = "estimate"

    def applies(self, sample: ComparisonSample) -> bool:  # noqa: ARG002
        """Whether the protocol has what the metric needs; if not there is no row."""
        return True

    @abstractmethod
    def estimate(self, sample: ComparisonSample) -> Estimate | None:
        """The value and its interval; None where it is not defined."""


class SearchMetric(Metric):
    """How well probes are found in a gallery, where the protocol searches them in one."""

    kind = "search"
    author_writes = "estimate"
    threshold_kinds: ClassVar[tuple[str, ...]] = ("none",)
    """Of ``"frozen"``, ``"matched"`` and ``"none"``: the thresholds it is evaluated at. Strangers set them, for every
    target FPIR that they carry."""

    @abstractmethod
    def estimate(self, sample: SearchSample) -> Estimate | None:
        """The value and its interval; None where it is not defined."""


class ContrastMetric(Metric):
    """A condition's errors against those of other conditions, on the same comparisons and in the same replicates."""

    kind = "contrast"
    author_writes = "contrast"
    condition: ClassVar[str]
    """The condition whose cells get the row."""
    baselines: ClassVar[tuple[str, ...]]
    """The conditions it is set against: cells of method ``none``, otherwise alike."""
    threshold_kinds: ClassVar[tuple[str, ...]] = ("frozen", "matched")
    difference: ClassVar[bool] = False
    """Whether the value is a difference of shares of the mated comparisons, whose interval never has no width."""

    @abstractmethod
    def contrast(self, own: ErrorCounts, *baselines: ErrorCounts) -> NDArray[np.float64]:
        """The value in every replicate, ``(R + 1,)``, the sample itself first; NaN where it is not defined."""

    def withheld(self, own: ErrorCounts, *baselines: ErrorCounts) -> str | None:  # noqa: ARG002
        """Why the value must not be shown, one line; None where it may."""
        return None


class ImageMetric(Metric):
    """How like the truth restored pixels are: a map, which is pooled over the whole face and over the hole.

    The mean of a map over its pixels is the value of an image, ``pool(mean over images)`` that of a cell, and the
    interval comes from a bootstrap over subjects. The rows of the whole face carry the metric's name, those of the
    covered pixels alone the name with ``_hole``; the map is computed once for both.

    ```python
    @register_metric("l1")
    class MeanAbsoluteError(ImageMetric):
        '''Mean absolute difference of pixel values.'''

        higher_is_better = False

        def map(self, true, restored):
            return np.abs(true.astype(float) - restored).mean(axis=3)
    ```
    """

    kind = "image"
    author_writes = "map"
    regions: ClassVar[tuple[str, ...]] = ("face", "hole")
    """What the map is pooled over: ``"face"``, ``"hole"`` or both. A metric that has one number for a whole image
    returns it as a map of one pixel, ``(B, 1, 1)``, and is pooled over the face alone."""

    @abstractmethod
    def map(self, true: NDArray[np.uint8], restored: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The value at every pixel, ``(B, H, W)``.

        A map may be smaller than the images where pixels near the edge have no value: it is then taken to be their
        centre, the same margin cut off on every side.

        Args:
            true: ``uint8 (B, S, S, 3)``, the faces without mask.
            restored: ``uint8 (B, S, S, 3)``, what the method made of the masked ones.
        """

    def pool(self, mean: float) -> float:
        """The cell's value from the mean over its images."""
        return mean

    def descriptions(self, name: str) -> dict[str, MetricDescription]:
        """One description for each region."""
        described = super().descriptions(name)[name]
        return {
            region_name(name, region): described
            if region == "face"
            else described.model_copy(
                update={
                    "title": f"{described.title} in the hole",
                    "meaning": f"{described.meaning.removesuffix('.')}; over the covered pixels alone.",
                }
            )
            for region in self.regions
        }


def region_name(name: str, region: str) -> str:
    """The name in the column ``metric`` of an image metric's rows over one region.

    >>> region_name("ssim", "face"), region_name("ssim", "hole")
    ('ssim', 'ssim_hole')
    """
    return name if region == "face" else f"{name}_hole"


class ImageSetMetric(Metric):
    """How far the set of masked or restored faces is from the set of true ones, by their pixels."""

    kind = "image set"
    author_writes = "estimate"

    @abstractmethod
    def estimate(self, sample: ImageSetSample) -> Estimate | None:
        """The value and its interval; None where it is not defined."""

    def remark(self, sample: ImageSetSample) -> tuple[str, str] | None:  # noqa: ARG002
        """Kind (see `measurement.Note`) and text of what a reader must know about the value; None if nothing."""
        return None


class MaskMetric(Metric):
    """How well a detector finds masks: the mean over faces of `per_image`, with an interval by subjects."""

    kind = "mask"
    author_writes = "per_image"
    bare: ClassVar[bool] = False
    """Whether it is taken on faces that wear no mask (condition ``raw-passthrough``) instead of on masked ones."""
    needs_truth: ClassVar[bool] = True
    """On masked faces: whether it needs the true masks, which nobody knows where masks were really worn."""

    @abstractmethod
    def per_image(self, true: NDArray[np.uint8], found: NDArray[np.uint8]) -> NDArray[np.float64]:
        """One number per image, ``(B,)``; NaN leaves the image out.

        Args:
            true: ``uint8 (B, S, S)``, the true masks, 255 = covered; all zeros on bare faces and for a metric that
                does not need them where nobody knows them.
            found: ``uint8 (B, S, S)``, what the detector found.
        """


class FeatureMetric(Metric):
    """How far the set of masked or restored probes is from the set of raw ones, by a recogniser's embeddings."""

    kind = "features"
    author_writes = "estimate"

    @abstractmethod
    def estimate(self, sample: FeatureSample) -> Estimate | None:
        """The value and its interval; None where it is not defined."""

    def remark(self, sample: FeatureSample) -> tuple[str, str] | None:  # noqa: ARG002
        """Kind (see `measurement.Note`) and text of what a reader must know about the value; None if nothing."""
        return None


class CostMetric(Metric):
    """Time or memory: the pipeline measures it while a method works."""

    kind = "cost"
    higher_is_better = False


KINDS: tuple[type[Metric], ...] = (
    RateMetric,
    ScoreMetric,
    ComparisonMetric,
    SearchMetric,
    ContrastMetric,
    ImageMetric,
    ImageSetMetric,
    MaskMetric,
    FeatureMetric,
    CostMetric,
)
"""The kinds that are measured: a metric that inherits none of them is refused."""
OF_SCORES: tuple[type[Metric], ...] = (
    RateMetric,
    ScoreMetric,
    ComparisonMetric,
    SearchMetric,
    ContrastMetric,
    FeatureMetric,
)
"""Those that `measure.measure` measures."""


@dataclass(frozen=True)
class Cell:
    """What a set of scores belongs to: one cell of the matrix method × recogniser × condition.

    The fields are the leading columns of ``metrics.csv`` and, with `mask_type`, `metric`, `threshold_kind` and
    `target`, its key.
    """

    dataset: str
    protocol: str
    acquisition: str
    size: str
    recogniser: str
    method: str
    preset: str
    train_data: str
    mask_source: str
    condition: str


@dataclass(frozen=True)
class MetricRow(Cell):
    """One row of ``metrics.csv``: one value. ``None`` is written as an empty field."""

    mask_type: str
    metric: str
    threshold_kind: str
    target: float | None
    value: float | None
    ci_low: float | None
    ci_high: float | None
    n_mated: int
    n_nonmated: int
    n_failed: int
    threshold: float | None


METRIC_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(MetricRow))
"""The columns of ``metrics.csv``, in order: a contract."""
KEY_COLUMNS: tuple[str, ...] = METRIC_COLUMNS[: METRIC_COLUMNS.index("value")]
"""No two rows share all of these."""
