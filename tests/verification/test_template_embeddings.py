"""Templates of several photos against cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.cards import RecogniserCard
from benchmark.datasets.templates import Membership
from benchmark.recognisers.base import Recogniser
from benchmark.verification import template_embeddings
from benchmark.verification.scoring import score_comparisons
from benchmark.verification.template_embeddings import average_embeddings

NAN = (np.nan, np.nan)


class Plain(Recogniser):
    card = RecogniserCard(metric="cosine")

    def chip(self, image, face):
        raise NotImplementedError

    def embed(self, chips):
        raise NotImplementedError


def test_lengths_do_not_count_where_the_metric_is_cosine() -> None:
    # (3, 4)/5 and (0, 10)/10 have the mean (0.3, 0.9); against (1, 0) its cosine is 0.3 / √0.9
    photos = np.array([[3, 4], [0, 10], [1, 0]], dtype=np.float32)
    templates = average_embeddings(photos, Membership.of([(0, 1), (2,)]), metric="cosine")
    np.testing.assert_allclose(templates, [[0.3, 0.9], [1, 0]], rtol=1e-6)
    pair = (np.array([0], np.int32), np.array([1], np.int32))
    score = score_comparisons(Plain(), templates, pair[0], templates, pair[1])
    np.testing.assert_allclose(score, 0.3 / np.sqrt(0.9), rtol=1e-6)


def test_lengths_count_for_distances() -> None:
    photos = np.array([[3, 4], [0, 10]], dtype=np.float32)
    np.testing.assert_array_equal(average_embeddings(photos, Membership.of([(0, 1)]), metric="euclidean"), [[1.5, 7]])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_failed_photos_are_left_out_and_a_template_of_none_fails(metric: str) -> None:
    photos = np.array([[3, 4], NAN, [0.3, 0.1], NAN], dtype=np.float32)
    members = Membership.of([(0, 1), (1, 3), (), (2,)])
    templates = average_embeddings(photos, members, metric=metric)
    np.testing.assert_array_equal(templates, np.array([[3, 4], NAN, NAN, [0.3, 0.1]], dtype=np.float32))


def test_an_embedding_without_direction_is_a_failure_of_that_photo() -> None:
    photos = np.array([[0, 0], [0, 2]], dtype=np.float32)
    np.testing.assert_array_equal(average_embeddings(photos, Membership.of([(0, 1)]), metric="cosine"), [[0, 2]])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_templates_of_single_photos_are_the_photos_to_the_last_bit(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template_embeddings, "_TEMPLATES_AT_ONCE", 7)
    photos = np.random.default_rng(0).standard_normal((40, 16)).astype(np.float32)
    photos[3] = np.nan
    order = np.random.default_rng(1).permutation(40)
    templates = average_embeddings(photos, Membership.of([(int(row),) for row in order]), metric=metric)
    np.testing.assert_array_equal(templates, photos[order])


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    photos = rng.standard_normal((60, 8)).astype(np.float32)
    members = Membership.of([tuple(rng.choice(60, size=size, replace=False).tolist()) for size in (1, 5, 2, 9, 3) * 5])
    whole = average_embeddings(photos, members, metric="cosine")
    for count in (1, 2, 24):
        monkeypatch.setattr(template_embeddings, "_TEMPLATES_AT_ONCE", count)
        np.testing.assert_array_equal(average_embeddings(photos, members, metric="cosine"), whole)
