"""Repairs the template instead of the photo: a linear map from masked to true embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BenchmarkError, RequestError, StorageError
from benchmark.methods.base import MethodCard, TemplateMapper, TemplatePairs
from benchmark.methods.weights import load_arrays, save_arrays
from benchmark.plugins import register_method
from benchmark.seeds import generator_for

_ARCHITECTURE = "template-ridge 1"


@dataclass(frozen=True)
class RidgeSettings:
    """A preset of `TemplateRidge`.

    Attributes:
        folds: of the cross-validation; people are never split between folds.
        strengths: penalties tried, as shares of the mean eigenvalue of the centred Gram matrix XᵀX.
    """

    folds: int = 5
    strengths: tuple[float, ...] = tuple(float(10.0**power) for power in np.arange(-4, 3.01, 0.5))


@dataclass(frozen=True)
class Ridge:
    """A fitted map ``y = (x − x_mean) weights + y_mean``.

    Attributes:
        x_mean: ``float64 (D,)``.
        y_mean: ``float64 (D,)``.
        weights: ``float64 (D, D)``.
    """

    x_mean: NDArray[np.float64]
    y_mean: NDArray[np.float64]
    weights: NDArray[np.float64]

    def predict(self, x: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Predictions ``(N, D)``."""
        return np.asarray((x - self.x_mean) @ self.weights + self.y_mean, dtype=np.float64)


@register_method("template-ridge")
class TemplateRidge(TemplateMapper):
    """Map masked embeddings to true ones by ridge regression.

    The penalty is the one of least squared error on people left out (grouped cross-validation over the training
    people). Lengths: the regression sees the embeddings as the recogniser gives them. Ridge predictions are shorter
    than real embeddings, since they shrink towards the mean, and a recogniser that compares distances would find them
    near to everybody; each prediction is therefore stretched to the mean length of the true training embeddings. For a
    recogniser that compares angles this changes nothing.
    """

    card = MethodCard(source="A. E. Hoerl, R. W. Kennard, Ridge regression, Technometrics 12(1), 1970")
    presets: ClassVar[dict[str, RidgeSettings]] = {"default": RidgeSettings()}
    settings: RidgeSettings
    ridge: Ridge | None = None
    length: float = 1.0
    """Mean Euclidean length of the true training embeddings."""
    penalty: float = 0.0
    """The chosen one, as in ‖XW − Y‖² + penalty ‖W‖²."""

    def fit(self, pairs: TemplatePairs, *, progress: Any) -> None:
        """Choose the penalty, then fit on all people. Rows in which either embedding is NaN are left out."""
        whole = pairs.complete()
        x, y = whole.masked.astype(np.float64), whole.true.astype(np.float64)
        _, person = np.unique(np.asarray(whole.subject_ids), return_inverse=True)
        people = int(person.max()) + 1 if len(person) else 0
        if people < 2:
            raise RequestError(
                f"template-ridge needs embeddings of at least two training people and was given {people}; train on "
                "more people (raise --train-limit)"
            )
        folds = min(self.settings.folds, people)
        fold = (generator_for(self.seed, "template-ridge folds").permutation(people) % folds)[person]
        with progress.bar("fit template-ridge", total=folds, unit="fold") as bar:
            self.penalty = choose_penalty(x, y, fold, self.settings.strengths, bar=bar)
        self.ridge = fit_ridge(x, y, self.penalty)
        self.length = float(np.linalg.norm(y, axis=1).mean())

    def map(self, masked: NDArray[np.float32]) -> NDArray[np.float32]:
        """Repaired embeddings, all of one length."""
        if self.ridge is None:
            raise BenchmarkError("template-ridge was used before fit() or load()")
        predicted = self.ridge.predict(masked.astype(np.float64))
        lengths = np.linalg.norm(predicted, axis=1, keepdims=True)
        return np.asarray(predicted / np.maximum(lengths, np.finfo(np.float64).tiny) * self.length, dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write means, weights, penalty and length."""
        if self.ridge is None:
            raise BenchmarkError("template-ridge has learned nothing to save")
        save_arrays(folder, _ARCHITECTURE, vars(self.ridge), length=self.length, penalty=self.penalty)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        arrays, about = load_arrays(folder, _ARCHITECTURE)
        try:
            ridge = Ridge(**arrays)
            size = len(ridge.x_mean)
            whole = ridge.weights.shape == (size, size) and ridge.y_mean.shape == (size,)
            self.length, self.penalty = float(about["length"]), float(about["penalty"])
        except (TypeError, KeyError, ValueError) as error:
            raise StorageError(
                f"the weights in {folder} are incomplete ({error}); delete it and train again"
            ) from error
        if not whole:
            raise StorageError(f"the weights in {folder} have unequal sizes; delete it and train again")
        self.ridge = ridge


def fit_ridge(x: NDArray[np.float64], y: NDArray[np.float64], penalty: float) -> Ridge:
    """The map of least ‖(X − x̄) W − (Y − ȳ)‖² + penalty ‖W‖².

    Args:
        x: ``(N, D)``.
        y: ``(N, D)``.
        penalty: ≥ 0, as `sklearn.linear_model.Ridge`'s ``alpha``.

    >>> x = np.array([[0.0], [1.0], [2.0]])
    >>> fit_ridge(x, 3 * x + 1, penalty=0.0).predict(np.array([[4.0]])).round(6).tolist()
    [[13.0]]
    """
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    centred = x - x_mean
    gram = centred.T @ centred + penalty * np.eye(x.shape[1])
    return Ridge(x_mean, y_mean, np.linalg.lstsq(gram, centred.T @ (y - y_mean), rcond=None)[0])


def choose_penalty(
    x: NDArray[np.float64], y: NDArray[np.float64], fold: NDArray[np.intp], strengths: tuple[float, ...], *, bar: Any
) -> float:
    """The penalty of least squared error over the left-out folds.

    One eigendecomposition a fold serves all penalties: with XᵀX = V diag(e) Vᵀ, W = V diag(1/(e + penalty)) Vᵀ XᵀY.

    Args:
        x: ``(N, D)``.
        y: ``(N, D)``.
        fold: ``(N,)``, the fold that leaves each row out; all rows of a person in one.
        strengths: candidates, as shares of the mean eigenvalue of the centred XᵀX of all rows.
        bar: advanced by one per fold.
    """
    scale = float(np.square(x - x.mean(axis=0)).sum() / x.shape[1])
    penalties = np.asarray(strengths) * max(scale, float(np.finfo(np.float64).tiny))
    errors = np.zeros(len(penalties))
    for left_out in np.unique(fold):
        train, test = fold != left_out, fold == left_out
        x_mean, y_mean = x[train].mean(axis=0), y[train].mean(axis=0)
        centred = x[train] - x_mean
        values, vectors = np.linalg.eigh(centred.T @ centred)
        rotated = vectors.T @ (centred.T @ (y[train] - y_mean))
        seen = (x[test] - x_mean) @ vectors
        for candidate, penalty in enumerate(penalties):
            predicted = (seen / (np.maximum(values, 0) + penalty)) @ rotated + y_mean
            errors[candidate] += float(np.square(predicted - y[test]).sum())
        bar.update(1)
    return float(penalties[int(errors.argmin())])
