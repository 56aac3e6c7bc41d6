"""How far apart two sets of features are: the Fréchet distance (FID) and the kernel distance (KID).

Both were published for features of an Inception network and measure whether a set of images looks like another set,
not whether each image looks like its true counterpart. Any features can be used, but only distances over the *same*
features are comparable.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.seeds import generator_for

Features = NDArray[np.floating]


def frechet_distance(a: Features, b: Features) -> float:
    """Squared Fréchet distance between the normal distributions fitted to two sets: ‖μa − μb‖² + tr(A + B − 2(AB)^½).

    Heusel et al., *GANs Trained by a Two Time-Scale Update Rule …*, 2017, equation 6, with covariances A and B of
    ddof 1. It is biased: fewer images give a larger value, and a set of no more images than features has a singular
    covariance. Set only values of equally many images against each other.

    Args:
        a: ``(N, D)``, N ≥ 2, finite.
        b: ``(M, D)``, M ≥ 2, finite.

    Returns:
        0 or more, squared units of the features; lower is more alike.

    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=(500, 3))
    >>> frechet_distance(a, a) < 1e-9, round(frechet_distance(a, a + 2), 6)
    (True, 12.0)
    """
    one, other = _checked(a, b)
    shift = one.mean(axis=0) - other.mean(axis=0)
    first, second = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (one, other))
    root = _square_root(first)
    # tr (AB)^½ = tr (A^½ B A^½)^½, whose argument is symmetric
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    return max(0.0, float(shift @ shift + np.trace(first) + np.trace(second) - 2 * shared))


def kernel_distance(a: Features, b: Features) -> float:
    """Squared maximum mean discrepancy with the kernel (xᵀy / D + 1)³, unbiased.

    Bińkowski et al., *Demystifying MMD GANs*, 2018, section 4 and equation 4. Its mean does not depend on how many
    images there are, and it may be below 0 where the sets are alike.

    Args:
        a: ``(N, D)``, N ≥ 2, finite.
        b: ``(M, D)``, M ≥ 2, finite.

    Returns:
        Lower is more alike.

    >>> kernel_distance(np.array([[1.0], [1.0]]), np.array([[0.0], [0.0]]))
    7.0
    """
    one, other = _checked(a, b)
    within = sum(_mean_off_diagonal(_kernel(features, features)) for features in (one, other))
    return float(within - 2 * _kernel(one, other).mean())


def kernel_distance_error(
    a: Features, b: Features, groups: NDArray[np.integer], *, seed: int, subsets: int = 100
) -> float:
    """Standard error of `kernel_distance` between two sets whose rows belong together, e.g. a face and its restoration.

    The standard deviation over random halves of the groups, a row's two features always drawn together: the
    delete-half jackknife (Shao and Wu, *A general theory for jackknife variance estimation*, 1989), whose factor is 1.

    Args:
        a: ``(N, D)``.
        b: ``(N, D)``.
        groups: ``(N,)``, the subject of each row, codes from 0 up.
        seed: the run's seed.
        subsets: number of halves.

    Returns:
        NaN for fewer than four groups.
    """
    one, other = _checked(a, b)
    present, groups = np.unique(groups, return_inverse=True)
    if len(present) < 4:
        return float("nan")
    rng = generator_for(seed, "kernel-distance halves")
    chosen = np.argsort(rng.random((subsets, len(present))), axis=1) < len(present) // 2
    half = chosen[:, groups].astype(np.float64)  # (subsets, N)
    size = half.sum(axis=1)
    total = np.zeros(subsets)
    for first, second, weight in ((one, one, 1.0), (other, other, 1.0), (one, other, -2.0)):
        kernel = _kernel(first, second)
        sums = np.einsum("sn,sn->s", half @ kernel, half)
        if weight > 0:
            total += (sums - half @ np.diagonal(kernel)) / (size * (size - 1))
        else:
            total += weight * sums / size**2
    return float(total.std(ddof=1))


def _checked(a: Features, b: Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    one, other = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1] or min(len(one), len(other)) < 2:
        raise ValueError(
            f"two sets of features (N, D) with N of 2 or more are needed, not {one.shape} and {other.shape}"
        )
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise ValueError("features that are not finite: leave failed images out")
    return one, other


def _square_root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    root: NDArray[np.float64] = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    return root


def _kernel(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    kernel: NDArray[np.float64] = (a @ b.T / a.shape[1] + 1) ** 3
    return kernel


def _mean_off_diagonal(kernel: NDArray[np.float64]) -> float:
    count = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))
