"""What an adapter learns from: chips of masked, otherwise covered and bare probes, as the recogniser cuts them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.faces import FaceGeometry, Image, Points, move_points
from benchmark.masked_faces import FoundPoints, to_pixels
from benchmark.methods.occlusion.mixed_people import TrainingFace, mixed
from benchmark.methods.occlusion.occluders import covered, cut_off, with_glasses, worse_seen
from benchmark.recognisers.base import Recogniser
from benchmark.seeds import generator_for
from benchmark.training.task import TrainingBatch
from benchmark.upper_face import upper_face

_FIVE_POINTS = (45, 42, 36, 39, 33)
"""Of the 68 points, those that stand for dlib's five (see `FaceGeometry.five_points`)."""
UPPER_FACE_DEPTH = 0.4
"""Distances between the eyes, below them, at which an upper face ends; chosen on LFW's validation people (fold 7)."""


@dataclass(frozen=True)
class ProbeSettings:
    """How probes vary in training. Shares and probabilities, all in [0, 1].

    Attributes:
        bare: share of each batch that wears no mask.
        covered: share that wears an arbitrary cover instead of a drawn mask.
        glasses: probability of spectacles on any probe.
        cut_off: probability that the lower face or a side is beyond the photo's edge.
        worse_seen: probability of blur, noise and other light.
        shift: standard deviation of the shift of a chip, as a share of the distance between the eyes.
        scale: standard deviation of its scale, as a share.
        turn: standard deviation of its angle, degrees.
        found: share of the masked and covered probes whose chip is cut where the face was found on the masked photo,
            as a deployed system cuts it; shifted, scaled and turned half as much. Where no face was found, or the
            pairs do not say, the true place stands in for it.
        mixed: share of the faces that are mixed with another person's (see `mixed_people`): people of whom there is no
            photo, and whose template the unchanged recogniser is asked for.
        upper: share of the probes, of whatever kind, of which the upper face alone is shown.
        depths: between which such an upper face ends, distances between the eyes below them.
    """

    bare: float = 0.15
    covered: float = 0.425
    glasses: float = 0.06
    cut_off: float = 0.06
    worse_seen: float = 0.3
    shift: float = 0.035
    scale: float = 0.03
    turn: float = 1.5
    found: float = 0.5
    mixed: float = 0.5
    upper: float = 0.4
    depths: tuple[float, float] = (0.3, 0.5)


@dataclass(frozen=True)
class VariedProbes:
    """Probes to learn from.

    Attributes:
        chips: ``uint8 (B, h, w, 3)``.
        mixed: ``int64 (M,)``, the rows whose person is a mixture of two.
        bare: ``uint8 (M, h, w, 3)``, those people's chips with nothing on them.
        upper: ``bool (B,)``, of which rows the chip shows the upper face alone.
        upper_bare: ``uint8 (B - M, h, w, 3)``, the upper faces of the `photographed` people with nothing on them; none
            at all where the settings show none.
    """

    chips: NDArray[np.uint8]
    mixed: NDArray[np.int64]
    bare: NDArray[np.uint8]
    upper: NDArray[np.bool_]
    upper_bare: NDArray[np.uint8]

    @property
    def photographed(self) -> NDArray[np.int64]:
        """``int64 (B - M,)``, the rows whose person is none of the `mixed`."""
        return np.setdiff1d(np.arange(len(self.chips)), self.mixed)


class ProbeChips:
    """Cuts chips ``uint8 (B, h, w, 3)`` out of training batches.

    Args:
        recogniser: whose chips they are.
        settings: how probes vary.
        seed: the run's seed; a batch's chips depend on it and on the batch's step alone.
    """

    def __init__(self, recogniser: Recogniser, settings: ProbeSettings, *, seed: int) -> None:
        self._recogniser = recogniser
        self._settings = settings
        self._seed = seed

    def varied(self, batch: TrainingBatch) -> VariedProbes:
        """Probes to learn from: masked as drawn, covered by something else, or bare."""
        faces = [
            TrainingFace(*face)
            for face in zip(
                to_pixels(batch.masked),
                to_pixels(batch.true),
                batch.holes[:, 0].cpu().numpy() > 0,
                batch.landmarks.cpu().numpy(),
                strict=True,
            )
        ]
        chips, bare, upper_bare = [], {}, {}
        upper = np.zeros(len(faces), dtype=np.bool_)
        for row, face in enumerate(faces):
            generator = generator_for(self._seed, "probe", str(batch.step), str(row))
            found = None if batch.found is None else batch.found.face(row)
            shown = face
            if generator.random() < self._settings.mixed:
                shown = mixed(face, faces[int(generator.integers(len(faces)))], generator)
                found = None  # the face was looked for where this person's is not
                bare[row] = self._chip(shown.true, shown.landmarks)
            other = faces[int(generator.integers(len(faces)))].true
            upper[row] = generator.random() < self._settings.upper
            chips.append(self._varied(shown, other, found, generator, upper=bool(upper[row])))
            if row not in bare and self._settings.upper:
                landmarks = move_points(face.landmarks, self._move(face.landmarks, generator, 0.5))
                upper_bare[row] = self._chip(upper_face(face.true, landmarks, depth=UPPER_FACE_DEPTH), landmarks)
        none = np.empty((0, *chips[0].shape), np.uint8)
        return VariedProbes(
            np.stack(chips),
            np.array(list(bare), np.int64),
            np.stack(list(bare.values())) if bare else none,
            upper,
            np.stack(list(upper_bare.values())) if upper_bare else none,
        )

    def _varied(
        self,
        face: TrainingFace,
        other: Image,
        found: FaceGeometry | None,
        generator: np.random.Generator,
        *,
        upper: bool,
    ) -> Image:
        """One chip, perhaps of the upper face alone; a piece of the image `other` may cover the face."""
        settings, landmarks = self._settings, face.landmarks
        drawn = generator.random()
        if drawn < settings.bare:
            shown, found = face.true, None
        elif drawn < settings.bare + settings.covered:
            shown = covered(face.true, landmarks, other, generator)
        else:
            shown = face.masked
        if generator.random() < settings.glasses:
            shown = with_glasses(shown, landmarks, generator)
        if generator.random() < settings.cut_off:
            shown = cut_off(shown, landmarks, generator)
        if generator.random() < settings.worse_seen:
            shown = worse_seen(shown, generator)
        if found is not None and generator.random() < settings.found:
            cut_at = found.moved(self._move(found.landmarks, generator, 0.5))
        else:
            cut_at = _geometry(move_points(landmarks, self._move(landmarks, generator)))
        if upper:
            shown = upper_face(shown, cut_at.landmarks, depth=generator.uniform(*settings.depths))
        return self._recogniser.chip(shown, cut_at)

    def plain(self, faces: NDArray[np.uint8], landmarks: Points) -> NDArray[np.uint8]:
        """Chips of faces ``uint8 (B, S, S, 3)`` as they are, for validation."""
        return np.stack([self._chip(face, of_face) for face, of_face in zip(faces, landmarks, strict=True)])

    def as_found(self, faces: NDArray[np.uint8], landmarks: Points, found: FoundPoints) -> NDArray[np.uint8]:
        """The same where the faces were found; at their true places where they were not."""
        chips = []
        for row, face in enumerate(faces):
            geometry = found.face(row)
            chips.append(
                self._chip(face, landmarks[row]) if geometry is None else self._recogniser.chip(face, geometry)
            )
        return np.stack(chips)

    def _move(self, landmarks: Points, generator: np.random.Generator, strength: float = 1.0) -> NDArray[np.float64]:
        """How another face detector might have placed the landmarks: a similarity, ``float64 (2, 3)``."""
        settings = self._settings
        centre = landmarks[36:48].mean(axis=0)
        span = float(np.linalg.norm(landmarks[42:48].mean(axis=0) - landmarks[36:42].mean(axis=0)))
        angle = np.radians(generator.normal(0, strength * settings.turn))
        scale = 1 + generator.normal(0, strength * settings.scale)
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shift = generator.normal(0, strength * settings.shift * span, size=2)
        return np.column_stack([turn, centre + shift - turn @ centre])

    def _chip(self, face: Image, landmarks: Points) -> Image:
        return self._recogniser.chip(face, _geometry(landmarks))


def _geometry(landmarks: Points) -> FaceGeometry:
    """Where a face is, from its landmarks alone."""
    left, top = landmarks.min(axis=0)
    right, bottom = landmarks.max(axis=0)
    box = np.array([left, top, right, bottom], dtype=np.float32)
    return FaceGeometry(box, landmarks, landmarks[list(_FIVE_POINTS)])
