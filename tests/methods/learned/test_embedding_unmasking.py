"""The embedding unmasking model: the loss by hand, strangers are strangers, and what it learns on made embeddings."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from benchmark.errors import BenchmarkError, RequestError, StorageError
from benchmark.methods.base import TemplatePairs
from benchmark.methods.learned.embedding_unmasking import (
    EmbeddingUnmasking,
    UnmaskingSettings,
    self_restrained_triplet_loss,
    strangers_of,
)


def unit(*angles: float) -> torch.Tensor:
    turned = torch.deg2rad(torch.tensor(angles))
    return torch.stack([turned.cos(), turned.sin()], dim=1)


def test_the_loss_pushes_anchors_that_are_too_near_to_strangers():
    anchors, positives, negatives = unit(30, 0), unit(0, 0), unit(60, 120)
    d = [(anchors - other).square().sum(dim=1) for other in (positives, negatives)]
    apart = (positives - negatives).square().sum(dim=1).mean()
    assert d[1].mean() < apart
    expected = functional.relu(d[0] - d[1] + 1.5).mean()
    assert torch.isclose(self_restrained_triplet_loss(anchors * 3, positives, negatives, margin=1.5), expected)


def test_the_loss_stops_pushing_where_anchors_are_as_far_from_strangers_as_true_faces_are():
    anchors, positives, negatives = unit(-30, -10), unit(0, 0), unit(60, 60)
    anchors.requires_grad_(True)
    loss = self_restrained_triplet_loss(anchors, positives, negatives, margin=2.0)
    to_positive = (anchors - positives).square().sum(dim=1)
    apart = (positives - negatives).square().sum(dim=1).mean()
    assert torch.isclose(loss, functional.relu(to_positive - apart + 2.0).mean())
    (gradient,) = torch.autograd.grad(loss, anchors)
    (pull,) = torch.autograd.grad((functional.normalize(anchors) - positives).square().sum(dim=1).mean(), anchors)
    assert torch.allclose(gradient, pull, atol=1e-6)


def test_strangers_are_drawn_from_all_other_people():
    people = torch.tensor([2, 0, 1, 0, 2, 2, 1])
    rows = torch.arange(7).repeat(300)
    torch.manual_seed(0)
    found = strangers_of(rows, people)
    assert (people[found] != people[rows]).all()
    for row in range(7):
        assert set(found[rows == row].tolist()) == set(torch.nonzero(people != people[row]).flatten().tolist())


def made(people=120, photos=4, size=24, seed=0) -> tuple[TemplatePairs, TemplatePairs]:
    """Training pairs and pairs of other people: a mask turns embeddings and draws all of them to one side."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(size, size)))[0]
    side = rng.normal(size=size) * 1.5
    parts = []
    for start in (0, people):
        true = np.repeat(rng.normal(size=(people, size)), photos, axis=0)
        true += 0.3 * rng.normal(size=true.shape)
        masked = true @ turn + side + 0.3 * rng.normal(size=true.shape)
        names = tuple(f"person-{start + row // photos}" for row in range(len(true)))
        parts.append(TemplatePairs(masked.astype(np.float32), true.astype(np.float32), names))
    return parts[0], parts[1]


def found_again(repaired: np.ndarray, true: np.ndarray, subjects: tuple[str, ...]) -> float:
    """Share of repaired embeddings whose nearest true one, by angle, is of the same person."""
    first, second = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (repaired, true))
    nearest = (first @ second.T).argmax(axis=1)
    return float(np.mean([subjects[row] == subjects[column] for row, column in enumerate(nearest)]))


@pytest.fixture(scope="module")
def fitted() -> EmbeddingUnmasking:
    from benchmark.progress import Progress

    method = EmbeddingUnmasking()
    method.settings = UnmaskingSettings(steps=240, batch_size=256)
    method.fit(made()[0], progress=Progress(quiet=True))
    return method


def test_people_whom_it_never_saw_are_found_again(fitted):
    others = made()[1]
    before = found_again(others.masked, others.true, others.subject_ids)
    after = found_again(fitted.map(others.masked), others.true, others.subject_ids)
    assert after > before + 0.3


def test_answers_have_the_mean_length_of_true_embeddings_and_nan_stays_nan(fitted):
    train, others = made()
    shown = others.masked.copy()
    shown[3] = np.nan
    repaired = fitted.map(shown)
    assert repaired.dtype == np.float32
    assert np.isnan(repaired[3]).all()
    lengths = np.linalg.norm(np.delete(repaired, 3, axis=0), axis=1)
    assert np.allclose(lengths, np.linalg.norm(train.true, axis=1).mean(), rtol=1e-5)
    assert np.allclose(repaired[:2], fitted.map(others.masked[:2]), atol=1e-5)  # a row's answer is its own


def test_saving_and_loading_keep_the_answers(fitted, tmp_path):
    fitted.save(tmp_path)
    loaded = EmbeddingUnmasking()
    loaded.load(tmp_path)
    shown = made()[1].masked
    assert np.array_equal(loaded.map(shown), fitted.map(shown))
    file = tmp_path / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(StorageError):
        EmbeddingUnmasking().load(tmp_path)


def test_the_same_seed_learns_the_same_and_rows_that_failed_are_left_out(quiet):
    train = made(people=20)[0]
    holed = TemplatePairs(train.masked.copy(), train.true.copy(), train.subject_ids)
    holed.masked[5] = np.nan
    answers = []
    for pairs, seed in ((holed, 0), (holed.complete(), 0), (holed, 1)):
        method = EmbeddingUnmasking(seed=seed)
        method.settings = UnmaskingSettings(steps=5, batch_size=32)
        method.fit(pairs, progress=quiet)
        answers.append(method.map(train.masked[:3]))
    assert np.array_equal(answers[0], answers[1])
    assert not np.array_equal(answers[0], answers[2])


def test_what_cannot_be_done_is_said(quiet, tmp_path):
    with pytest.raises(BenchmarkError, match="before fit"):
        EmbeddingUnmasking().map(np.zeros((1, 4), np.float32))
    with pytest.raises(BenchmarkError, match="nothing to save"):
        EmbeddingUnmasking().save(tmp_path)
    one = TemplatePairs(np.ones((2, 4), np.float32), np.ones((2, 4), np.float32), ("anna", "anna"))
    with pytest.raises(RequestError, match="at least two training people and was given 1"):
        EmbeddingUnmasking().fit(one, progress=quiet)
