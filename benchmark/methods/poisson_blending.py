"""Put a painted hole into a face without a seam."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve
from torch import Tensor

_NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))


def poisson_blended(painted: Tensor, pixels: Tensor, holes: Tensor) -> Tensor:
    """The face whose hole has the painted gradients and meets the known pixels at its rim.

    Pérez, Gangnet and Blake, *Poisson Image Editing*, 2003, equation 6: inside the hole the result is `painted` plus
    the harmonic function that equals ``pixels − painted`` on the known pixels next to the hole. Where the hole touches
    the edge of the crop nothing is asked of it; where it covers all, `painted` stays.

    Args:
        painted: ``float32 (B, 3, H, W)`` in [0, 1]; its values on the known pixels next to the hole count.
        pixels: likewise, the known face.
        holes: ``(B, 1, H, W)``, 1 = painted.

    Returns:
        ``float32 (B, 3, H, W)`` in [0, 1], equal to `pixels` outside the hole.
    """
    faces = [
        _blended(*(part.detach().float().cpu().numpy() for part in face))
        for face in zip(painted, pixels, holes[:, 0], strict=True)
    ]
    return torch.from_numpy(np.stack(faces)).to(pixels.device).clamp(0, 1)


def _blended(
    painted: NDArray[np.float32], pixels: NDArray[np.float32], hole: NDArray[np.float32]
) -> NDArray[np.float32]:
    """One face, ``(3, H, W)``."""
    inside = hole > 0
    count = int(inside.sum())
    if count == 0:
        return pixels
    result = np.where(inside, painted, pixels)
    if count < inside.size:
        result[:, inside] += _harmonic(pixels - painted, inside)
    return result


def _harmonic(values: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What continues `values` ``(C, H, W)`` from outside `inside` into it without bumps, ``(C, pixels inside)``."""
    height, width = inside.shape
    number = np.full(inside.shape, -1)
    number[inside] = np.arange(inside.sum())
    rows, columns = np.nonzero(inside)
    here = np.arange(len(rows))
    degree = np.zeros(len(rows))
    known = np.zeros((len(rows), len(values)))
    off_diagonal = []
    for down, right in _NEIGHBOURS:
        y, x = rows + down, columns + right
        within = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        degree += within
        neighbour = number[y[within], x[within]]
        unknown = neighbour >= 0
        off_diagonal.append((here[within][unknown], neighbour[unknown]))
        rim = ~unknown
        known[here[within][rim]] += values[:, y[within][rim], x[within][rim]].T
    first, second = (np.concatenate(part) for part in zip(*off_diagonal, strict=True))
    shape = (len(rows), len(rows))
    laplacian = sparse.diags(degree) - sparse.coo_matrix((np.ones(len(first)), (first, second)), shape=shape)
    solved = np.asarray(spsolve(sparse.csc_matrix(laplacian), known)).reshape(known.shape)
    return np.asarray(solved.T, dtype=np.float32)
