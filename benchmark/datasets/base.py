"""What every data set offers: photos, subjects, and protocols that say what is compared with what."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import AVAILABLE, Availability, DatasetCard
from benchmark.datasets.image_costs import DEFAULT_LIMITS, ReadingLimits
from benchmark.datasets.passed_over import PassedOver
from benchmark.faces import Image, Photo


@dataclass(frozen=True)
class Comparisons:
    """Which photos are compared. Columns of equal length P; indices point into the protocol's `photos`.

    Where the protocol has `templates`, the indices point into those instead.

    Attributes:
        reference: ``int32 (P,)``, the enrolled photo or template.
        probe: ``int32 (P,)``, the new one.
        mated: ``bool (P,)``, both of the same subject.
        fold: ``int8 (P,)``, the fold of 10-fold accuracy, 0-based; −1 where the protocol has none.
    """

    reference: NDArray[np.int32]
    probe: NDArray[np.int32]
    mated: NDArray[np.bool_]
    fold: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.reference)


@dataclass(frozen=True)
class Protocol:
    """A test: the photos it needs and the comparisons among them.

    Attributes:
        name: e.g. ``"view2"``.
        photos: every photo of the test, each once, in a stable order.
        comparisons: indices into `photos`, or into `templates` where there are some.
        folds: number of folds, 0 where the protocol has none.
        templates: for each template the rows of `photos` that it is made of, at least one, all of one subject, and
            either all really masked or all not; None = every photo is its own template.
    """

    name: str
    photos: tuple[Photo, ...]
    comparisons: Comparisons
    folds: int = 0
    templates: tuple[tuple[int, ...], ...] | None = None


class Dataset(ABC):
    """Photos with subjects, and the protocols that test on them.

    Args:
        root: the folder the user named with ``--data-root``, if any.
        seed: the run's seed; used where the data set or its protocols draw at random.

    Raises:
        RequestError: the folder is missing, empty or not of this layout (one line: what, and how to fix it).
    """

    card: ClassVar[DatasetCard] = DatasetCard()
    protocols: ClassVar[tuple[str, ...]] = ()
    """Names that `protocol` takes, the default first."""
    settings: ClassVar[tuple[str, ...]] = ()
    """Settings of a run that the constructor takes as keywords besides `seed`: ``"ignore"``."""
    reading_limits: ReadingLimits = DEFAULT_LIMITS
    """What one photo may cost, for `read`; set by whoever opens the data set, before it reads. A data set whose photos
    the limits can refuse has them in its `digest`."""
    variant: str = ""
    """Which edition of the data the folder holds, e.g. ``"deep-funneled"``, found on construction; empty where there is
    but one. Recorded in the run's manifest."""

    def __init__(self, root: Path | None = None, *, seed: int = 0) -> None:
        self.root = root
        self.seed = seed

    @property
    def passed_over(self) -> Sequence[PassedOver]:
        """The files of the folder that are not used, with the reason."""
        return ()

    @classmethod
    def availability(cls) -> Availability:
        """Whether the data set can be used here without further arguments."""
        return AVAILABLE

    @abstractmethod
    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:
        """The test called `name`.

        Args:
            name: one of `protocols`.
            limit: use at most this many test subjects (seeded); where the data set lists its pairs, at most this
                many of them, spread evenly over folds and over mated and non-mated ones.

        Raises:
            RequestError: nothing can be compared, e.g. no subject has two photos.
        """

    def attributes(self, photos: Sequence[Photo]) -> Mapping[str, Sequence[str]]:  # noqa: ARG002
        """Groups of the photos' people that the data set itself tells, as ``{"sex": ("female", …)}``.

        Args:
            photos: the photos of the protocol; one group for each, empty where it is not known.
        """
        return {}

    @abstractmethod
    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:
        """Photos of the people set aside for `part` (``"train"`` or ``"validation"``) under `protocol`.

        Args:
            part: ``"train"`` or ``"validation"``.
            protocol: the one that is tested on; empty if another data set is.

        Raises:
            RequestError: the protocol sets none aside (LFW's ``view2``), with what to use instead.
        """

    @abstractmethod
    def read(self, photo: Photo) -> Image:
        """The photo's pixels, ``uint8 (H, W, 3)`` RGB, upright. Works in worker processes (the object is pickled).

        Raises:
            ImageRefused: the file is corrupt, not an image, too small, … (reason in one line).
        """

    @abstractmethod
    def digest(self, photos: Sequence[Photo]) -> str:
        """A hexadecimal digest that changes whenever the pixels of one of `photos` may have changed."""
