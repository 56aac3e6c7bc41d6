"""What the step `recognise` does with recognisers that refuse, fail, or tell nobody apart."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.artifacts import ArtifactStore
from benchmark.cards import RecogniserCard
from benchmark.context import RunContext
from benchmark.datasets.synthetic import SyntheticPeople
from benchmark.errors import ImageRefused, PluginError
from benchmark.faces import AlignedFaces, FaceGeometry, Image, Photo
from benchmark.ledger import Ledger
from benchmark.progress import Progress
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.step import REFUSED, TOO_LARGE, recognise
from benchmark.views import FAILED_EARLIER, PhotoSet, View

FACES = 5


class MeanColour(Recogniser):
    """Three numbers per face."""

    card = RecogniserCard(chip_size=(8, 8))

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        return image[:8, :8]

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        return chips.mean(axis=(1, 2)).astype(np.float32)


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    return RunContext(
        store=ArtifactStore(tmp_path, fresh=False),
        ledger=Ledger(),
        progress=Progress(quiet=True),
        workers=1,
        device="cpu",
        seed=0,
    )


@pytest.fixture
def view() -> View:
    """Five faces, of which the last failed at an earlier step."""
    photos = tuple(Photo(f"photo-{row}", f"person-{row}", "") for row in range(FACES))
    pixels = np.random.default_rng(0).integers(1, 256, (FACES, 16, 16, 3), dtype=np.uint8)
    landmarks = np.random.default_rng(1).uniform(0, 16, (FACES, 68, 2)).astype(np.float32)
    faces = AlignedFaces(tuple(photo.image_id for photo in photos), pixels, landmarks, landmarks[:, :5])
    records = [{}] * (FACES - 1) + [{"reason": "no face found"}]
    return View("a-view", PhotoSet("synthetic", SyntheticPeople(), photos, "test"), faces, records)


def reasons(context: RunContext) -> list[str]:
    return context.ledger.table()["reason"].tolist()


def test_every_face_gets_its_embedding(view: View, context: RunContext) -> None:
    found = recognise("mean-colour", MeanColour(), view, shown="raw", context=context)
    np.testing.assert_allclose(found.values[:4], view.faces.pixels[:4, :8, :8].mean(axis=(1, 2)), rtol=1e-6)
    assert np.isnan(found.values[4]).all()
    assert reasons(context) == ["", "", "", "", FAILED_EARLIER]


def test_a_recogniser_that_says_how_wide_its_embeddings_are_is_not_asked(view: View, context: RunContext) -> None:
    class Counted(MeanColour):
        asked: ClassVar[list[int]] = []

        def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
            self.asked.append(len(chips))
            return super().embed(chips)

    class Said(Counted):
        asked: ClassVar[list[int]] = []
        embedding_width = 3

    for recogniser, asked in ((Counted(), [1, 4]), (Said(), [4])):
        recognise(type(recogniser).__name__, recogniser, view, shown="raw", context=context)
        assert recogniser.asked == asked


def test_only_the_wanted_faces_are_embedded(view: View, context: RunContext) -> None:
    whole = recognise("mean-colour", MeanColour(), view, shown="raw", context=context)
    rows = np.array([1, 3, 4])
    found = recognise("mean-colour", MeanColour(), view, shown="some", context=context, rows=rows)
    assert found.key != whole.key
    np.testing.assert_array_equal(found.values[[1, 3]], whole.values[[1, 3]])
    assert np.isnan(found.values[[0, 2, 4]]).all()
    images = context.ledger.table()["image_id"].tolist()
    assert images[FACES:] == ["photo-1", "photo-3", "photo-4"]
    every = recognise("mean-colour", MeanColour(), view, shown="raw", context=context, rows=np.arange(FACES))
    assert every.key == whole.key, "what is stored serves whoever asks for all of it"


def test_nan_and_zero_length_are_refusals(view: View, context: RunContext) -> None:
    class Partly(MeanColour):
        def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
            embedded = super().embed(chips)
            if len(embedded) > 1:
                embedded[0] = 0
                embedded[1, 2] = np.nan
            return embedded

    found = recognise("partly", Partly(), view, shown="raw", context=context)
    assert np.isnan(found.values).all(axis=1).tolist() == [True, True, False, False, True]
    assert reasons(context) == [REFUSED, REFUSED, "", "", FAILED_EARLIER]


def test_a_face_that_cannot_be_aligned_is_a_refusal_with_its_own_reason(view: View, context: RunContext) -> None:
    class Choosy(MeanColour):
        def chip(self, image: Image, face: FaceGeometry) -> Image:
            if (image == view.faces.pixels[2]).all():
                raise ImageRefused("the eyes are in one place")
            return super().chip(image, face)

    found = recognise("choosy", Choosy(), view, shown="raw", context=context)
    assert np.isnan(found.values).all(axis=1).tolist() == [False, False, True, False, True]
    assert reasons(context)[2] == "the eyes are in one place"


def test_a_recogniser_that_refuses_everybody_is_counted_not_raised(view: View, context: RunContext) -> None:
    class Refuser(MeanColour):
        def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
            return np.full((len(chips), 3), np.nan, np.float32)

    recognise("refuser", Refuser(), view, shown="raw", context=context)
    assert reasons(context) == [REFUSED] * 4 + [FAILED_EARLIER]


@pytest.mark.parametrize("constant", [0.0, 0.37])
def test_one_embedding_for_everybody_is_an_error_that_names_the_recogniser(
    view: View, context: RunContext, constant: float
) -> None:
    class Constant(MeanColour):
        def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
            return np.full((len(chips), 3), constant, np.float32)

    with pytest.raises(PluginError, match="'constant' gives the same embedding for 4 different faces") as caught:
        recognise("constant", Constant(), view, shown="raw", context=context)
    assert "\n" not in str(caught.value)


def test_one_face_shown_several_times_may_have_one_embedding(view: View, context: RunContext) -> None:
    found = recognise("mean-colour", MeanColour(), view.take([1, 1, 1]), shown="raw", context=context)
    assert (found.values == found.values[0]).all()


def test_embeddings_that_are_not_one_row_a_face_are_an_error(view: View, context: RunContext) -> None:
    class Short(MeanColour):
        def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
            return super().embed(chips[:1])

    with pytest.raises(PluginError, match=r"'short' gave an array of shape \(1, 3\) for 4 faces"):
        recognise("short", Short(), view, shown="raw", context=context)


class OutOfRange(MeanColour):
    """Numbers that float32 does not hold, and those that it holds as 0."""

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        embedded = chips.mean(axis=(1, 2)).astype(np.float64)
        factors = np.resize([1e300, 1e-300, 1.0, np.inf], len(embedded))
        return (embedded * factors[:, None]).astype(np.float64)  # type: ignore[return-value]


def test_what_float32_cannot_hold_is_a_failure_with_its_reason(view: View, context: RunContext) -> None:
    recognise("own", OutOfRange(), view, shown="raw", context=context)
    assert reasons(context) == [TOO_LARGE, REFUSED, "", TOO_LARGE, FAILED_EARLIER]
