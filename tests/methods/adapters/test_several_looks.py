from __future__ import annotations

import numpy as np
import pytest

from benchmark.cards import RecogniserCard
from benchmark.errors import BenchmarkError
from benchmark.faces import FaceGeometry
from benchmark.methods.adapters.adapted_network import AdaptedNetwork, AdaptedNetworkSettings
from benchmark.methods.adapters.several_looks import SeveralLooks
from benchmark.recognisers.base import Recogniser
from benchmark.upper_face import upper_face


class Means(Recogniser):
    """A chip is the image; its embedding, the means of its halves above and below, and the length of the chip."""

    embedding_width = 3

    def __init__(self, metric: str, scale: float = 1.0) -> None:
        super().__init__()
        self.card = RecogniserCard(metric=metric, chip_size=(20, 10))
        self._scale = scale

    def chip(self, image: np.ndarray, face: FaceGeometry) -> np.ndarray:
        return image

    def embed(self, chips: np.ndarray) -> np.ndarray:
        halves = [chips[:, :10].mean(axis=(1, 2, 3)), chips[:, 10:].mean(axis=(1, 2, 3)), np.full(len(chips), 40.0)]
        return (self._scale * np.stack(halves, axis=1)).astype(np.float32)


def face() -> FaceGeometry:
    landmarks = np.zeros((68, 2), np.float32)
    landmarks[36:42], landmarks[42:48] = (2, 5), (7, 5)
    return FaceGeometry(np.zeros(4, np.float32), landmarks, np.zeros((5, 2), np.float32))


def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 20, 10, 3)).astype(np.uint8)


def test_the_second_look_sees_nothing_of_the_lower_face() -> None:
    two = SeveralLooks(Means("euclidean"), [(Means("euclidean"), 0.3)], depth=0.4, sha256="x")
    image, other = images()[:2]
    changed = np.concatenate([image[:8], other[8:]])  # the eyes are at 5, and 2 pixels below them the face is cut
    assert two.card.chip_size == (40, 10)
    first, second = (two.chip(one, face()) for one in (image, changed))
    assert np.array_equal(first[20:], second[20:])
    assert not np.array_equal(first[:20], second[:20])
    assert np.array_equal(first[:20], image)
    embedded = two.embed(np.stack([first, second]))
    assert two.embedding_width == embedded.shape[1] == 6
    assert np.array_equal(embedded[0, 3:], embedded[1, 3:])
    assert not np.array_equal(embedded[0, :3], embedded[1, :3])


def test_the_image_itself_is_not_changed() -> None:
    image = images()[0]
    kept = image.copy()
    assert (upper_face(image, face().landmarks, depth=0.4)[8:] == 128).all()
    assert np.array_equal(image, kept)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("shares", [(0.3,), (0.3, 0.15)])
def test_each_look_counts_as_its_share_says(metric: str, shares: tuple[float, ...]) -> None:
    whole = Means(metric)
    uppers = [
        (Means(metric, scale=3.0 + look if metric == "cosine" else 1.0 + look), share)
        for look, share in enumerate(shares)
    ]
    several = SeveralLooks(whole, uppers, depth=0.4, sha256="x")
    chips = np.stack([several.chip(image, face()) for image in images()])
    joined = several.embed(chips)
    assert several.embedding_width == joined.shape[1] == 3 * (1 + len(shares))
    joint = several.scores(joined[:3], joined[3:])
    power = 1 if metric == "cosine" else 2
    looks = [(whole, chips[:, :20], 1 - sum(shares)), *((look, chips[:, 20:], share) for look, share in uppers)]
    expected = sum(share * one.scores(one.embed(part)[:3], one.embed(part)[3:]) ** power for one, part, share in looks)
    np.testing.assert_allclose(joint**power, expected, rtol=1e-5)


@pytest.mark.parametrize("shares", [(0.6, 0.4), (-0.1, 0.0), (0.0, 0.2)])
def test_shares_of_looks_leave_something_to_the_whole_face(shares: tuple[float, float]) -> None:
    training = AdaptedNetwork.presets["default"].training
    with pytest.raises(BenchmarkError, match="below 1 together"):
        AdaptedNetworkSettings(training, upper_share=shares[0], unchanged_upper_share=shares[1])
