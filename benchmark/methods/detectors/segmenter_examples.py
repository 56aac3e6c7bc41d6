"""What the segmenter learns from: training faces that wear drawn masks and other ones, and faces without any.

Masks of ten drawn types on whole photos taught it that colour and hem make a mask, that black below the photo's edge is
one, and that a hand may be one. So half of the masks here have any outline and any cloth; faces with and without a mask
have hats, glasses, scarves, hands and things held beside them; photos end at the chin or above; crops are misplaced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.faces import Image, Points
from benchmark.masked_faces import to_holes, to_pixels, to_tensor
from benchmark.methods.occlusion.framing import Region, filed, lit_otherwise, photo_that_ends, reframed
from benchmark.methods.occlusion.occluders import (
    Coverage,
    blended,
    filled,
    hair_like,
    hand,
    light,
    skin_like,
    softened,
    texture,
    with_glasses,
    worse_seen,
)
from benchmark.methods.occlusion.things_near import beard, hat, moved_away, scarf_below_chin, thing_beside
from benchmark.methods.occlusion.worn_masks import cloth, gaiter_outline, mask_outline, straps
from benchmark.seeds import generator_for
from benchmark.training.task import TrainingBatch


@dataclass(frozen=True)
class ExampleSettings:
    """How training faces vary. Shares and probabilities, all in [0, 1].

    Attributes:
        drawn: share of the masked faces whose drawn mask stays as it is.
        other_cloth: share whose drawn mask keeps its outline and gets another cloth; all others wear a mask of any
            outline.
        gaiter: of those of any outline, the share that goes on below the chin.
        hat: probability of a hat, on any face.
        glasses: of spectacles.
        beard: of a beard.
        scarf: of a collar or scarf that ends at the chin.
        beside: of a thing held beside the face.
        hand: of a hand, before the mouth of a bare face, at the edge of a masked one.
        reframed: that the crop is misplaced.
        photo_ends: that the photo ends near the face.
        lit_otherwise: of unusual light and tint.
        worse_seen: of blur, noise and other light.
        filed: of JPEG.
    """

    drawn: float = 0.4
    other_cloth: float = 0.2
    gaiter: float = 0.2
    hat: float = 0.12
    glasses: float = 0.12
    beard: float = 0.15
    scarf: float = 0.15
    beside: float = 0.12
    hand: float = 0.15
    reframed: float = 0.6
    photo_ends: float = 0.35
    lit_otherwise: float = 0.2
    worse_seen: float = 0.35
    filed: float = 0.25


AS_DRAWN = ExampleSettings(1, *[0] * 13)
"""No variety: the pairs as they are."""


class SegmenterExamples:
    """Varies training batches.

    Args:
        settings: how.
        seed: of the run; a face depends on it, on the batch's step and on its place in the batch alone.
    """

    def __init__(self, settings: ExampleSettings, *, seed: int) -> None:
        self._settings = settings
        self._seed = seed

    def varied(self, batch: TrainingBatch, *, purpose: str) -> TrainingBatch:
        """The batch with other masks and surroundings; `masked` and `true` no longer belong together.

        Args:
            batch: pairs with landmarks.
            purpose: decides the draw, beside the step: training and validation draw differently.
        """
        settings = self._settings
        if settings == AS_DRAWN:
            return batch
        masked, true = to_pixels(batch.masked), to_pixels(batch.true)
        holes = batch.holes[:, 0].cpu().numpy() > 0
        landmarks = batch.landmarks.cpu().numpy()
        faces = {"masked": masked.copy(), "bare": true.copy()}
        regions = np.zeros_like(holes)
        for row, points in enumerate(landmarks):
            words = (purpose, str(batch.step), str(int(batch.rows[row])))
            generator = generator_for(self._seed, "segmenter masked", *words)
            other = true[int(generator.integers(len(true)))]
            worn = _Face(masked[row], holes[row], points)
            drawn = generator.random()
            if drawn >= settings.drawn:
                worn = _Face(true[row], np.zeros_like(holes[row]), points)
                outline = holes[row] if drawn < settings.drawn + settings.other_cloth else None
                worn.surround(settings, other, generator, before=True)
                worn.wear(outline, other, generator, gaiter=settings.gaiter)
            else:
                worn.surround(settings, other, generator, before=True)
            worn.surround(settings, other, generator, before=False)
            faces["masked"][row], regions[row] = worn.seen(settings, generator)
            generator = generator_for(self._seed, "segmenter bare", *words)
            other = true[int(generator.integers(len(true)))]
            bare = _Face(true[row], np.zeros_like(holes[row]), points)
            bare.surround(settings, other, generator, before=True)
            if generator.random() < settings.hand:
                bare.put(hand(points, bare.size, generator), other, generator, skin=True)
            bare.surround(settings, other, generator, before=False)
            faces["bare"][row], _ = bare.seen(settings, generator)
        device = str(batch.masked.device)
        return TrainingBatch(
            to_tensor(faces["masked"], device),
            to_tensor(faces["bare"], device),
            to_holes(regions.astype(np.uint8), device),
            batch.step,
            batch.landmarks,
            batch.rows,
        )


class _Face:
    """One face while things are put on it.

    Attributes:
        pixels: ``uint8 (S, S, 3)``.
        region: where its mask is seen.
        landmarks: ``float32 (68, 2)``.
    """

    def __init__(self, pixels: Image, region: Region, landmarks: Points) -> None:
        self.pixels, self.region, self.landmarks = pixels, region.copy(), landmarks

    @property
    def size(self) -> int:
        return int(self.pixels.shape[0])

    def surround(
        self, settings: ExampleSettings, other: Image, generator: np.random.Generator, *, before: bool
    ) -> None:
        """What is no mask: beards, scarves and hats are below it (`before` it is put on), the rest above."""
        if before:
            if not self.region.any() and generator.random() < settings.beard:
                hair = hair_like(self.size, generator)
                self.pixels = blended(self.pixels, hair, beard(self.landmarks, self.size, generator))
            if generator.random() < settings.hat:
                self.put(hat(self.landmarks, self.size, generator), other, generator)
            if not self.region.any() and generator.random() < settings.scarf:
                self.put(scarf_below_chin(self.landmarks, self.size, generator), other, generator)
            return
        if generator.random() < settings.glasses:
            self.pixels = with_glasses(self.pixels, self.landmarks, generator)
        if generator.random() < settings.beside:
            self.put(thing_beside(self.landmarks, self.size, generator), other, generator)
        if self.region.any() and generator.random() < settings.hand / 2:
            fingers = moved_away(hand(self.landmarks, self.size, generator), self.landmarks, generator)
            self.put(fingers, other, generator, skin=True)

    def put(self, coverage: Coverage, other: Image, generator: np.random.Generator, *, skin: bool = False) -> None:
        """Something that is no mask, and hides what it covers of one."""
        cover = texture(self.size, other, generator)
        if skin:
            cover = skin_like(cover, self.pixels if generator.random() < 0.5 else other, generator)
        self.pixels = blended(self.pixels, cover * light(self.pixels, generator), softened(coverage, generator))
        self.region &= coverage < 0.5

    def wear(self, outline: Region | None, other: Image, generator: np.random.Generator, *, gaiter: float) -> None:
        """A mask of that outline, or of any."""
        bands = np.zeros((self.size, self.size), np.float32)
        if outline is not None:
            coverage = outline.astype(np.float32)
        elif generator.random() < gaiter:
            coverage = filled(gaiter_outline(self.landmarks, self.size, generator), self.size)
        else:
            corners = mask_outline(self.landmarks, generator)
            coverage = filled(corners, self.size)
            if generator.random() < 0.5:
                bands = straps(self.landmarks, corners, self.size, generator)
        lit = light(self.pixels, generator)
        if bands.any():
            self.pixels = blended(self.pixels, texture(self.size, other, generator) * lit, bands)
        worn = cloth(self.landmarks, coverage, self.pixels, other, generator)
        self.pixels = blended(self.pixels, worn * lit, softened(coverage, generator))
        self.region = (coverage > 0) | (bands > 0.5)

    def seen(self, settings: ExampleSettings, generator: np.random.Generator) -> tuple[Image, Region]:
        """The face in its crop, as camera and file give it, and where its mask is seen."""
        pixels, region, landmarks = self.pixels, self.region, self.landmarks
        if generator.random() < settings.reframed:
            pixels, region, landmarks = reframed(pixels, region, landmarks, generator)
        if generator.random() < settings.lit_otherwise:
            pixels = lit_otherwise(pixels, generator)
        if generator.random() < settings.worse_seen:
            pixels = worse_seen(pixels, generator)
        if generator.random() < settings.filed:
            pixels = filed(pixels, generator)
        if generator.random() < settings.photo_ends:
            photo = photo_that_ends(landmarks, self.size, generator)
            pixels, region = pixels * photo[:, :, None].astype(np.uint8), region & photo
        return pixels, region
