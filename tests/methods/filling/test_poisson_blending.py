"""Poisson blending against a direct solver, and on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import lil_matrix
from scipy.sparse.linalg import spsolve

from benchmark.methods.filling import poisson_blending
from benchmark.methods.filling.poisson_blending import poisson_blended


def solved_directly(painted: np.ndarray, pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """One channel, by a sparse direct solver."""
    inside = {tuple(point): row for row, point in enumerate(np.argwhere(hole))}
    matrix, right = lil_matrix((len(inside), len(inside))), np.zeros(len(inside))
    for (y, x), row in inside.items():
        for neighbour in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if not all(0 <= at < side for at, side in zip(neighbour, hole.shape, strict=True)):
                continue
            matrix[row, row] += 1
            right[row] += painted[y, x] - painted[neighbour]
            if neighbour in inside:
                matrix[row, inside[neighbour]] -= 1
            else:
                right[row] += pixels[neighbour]
    result = pixels.copy()
    result[hole] = spsolve(matrix.tocsr(), right)
    return result


@pytest.mark.parametrize(("side", "to_the_edge"), [(24, False), (33, False), (48, True), (64, True), (101, True)])
def test_it_agrees_with_a_direct_solver(side, to_the_edge):
    rng = np.random.default_rng(side)
    painted, pixels = rng.random((2, 1, 2, side, side)).astype(np.float32)
    hole = np.zeros((side, side), dtype=bool)
    hole[side // 3 : side if to_the_edge else side - 4, 5 : side - 5] = True
    hole[side // 2, side // 2] = False  # an island
    faces = map(torch.from_numpy, (painted, pixels, hole[None, None].astype(np.float32)))
    blended = poisson_blended(*faces, iterations=300)
    for channel in range(2):
        expected = solved_directly(painted[0, channel], pixels[0, channel], hole).clip(0, 1)
        assert np.abs(blended[0, channel].numpy() - expected).max() < 1e-3


def test_a_wrong_colour_is_put_right_and_the_rest_is_kept():
    true = 0.3 + 0.4 * torch.rand(2, 3, 32, 32)
    holes = torch.zeros(2, 1, 32, 32)
    holes[:, :, 10:26, 6:24] = 1
    shifted = true + torch.tensor([0.3, -0.2, 0.1]).view(1, 3, 1, 1)
    assert torch.allclose(poisson_blended(shifted, true, holes), true, atol=1e-3)
    other = poisson_blended(torch.rand_like(true), true, holes)
    assert torch.equal(other * (1 - holes), true * (1 - holes))


def test_faces_do_not_influence_each_other_and_full_or_empty_holes_do_no_harm():
    painted, pixels = torch.rand(3, 3, 32, 32), torch.rand(3, 3, 32, 32)
    holes = torch.zeros(3, 1, 32, 32)
    holes[0] = 1
    holes[1, :, 8:20, 8:20] = 1
    together = poisson_blended(painted, pixels, holes)
    assert torch.equal(together[0], painted[0])
    assert torch.equal(together[2], pixels[2])
    assert torch.allclose(together[1:2], poisson_blended(painted[1:2], pixels[1:2], holes[1:2]), atol=1e-6)


def test_large_faces_are_solved_alone_and_empty_and_full_holes_do_no_harm():
    torch.manual_seed(0)
    painted, pixels = torch.rand(4, 3, 128, 128), torch.rand(4, 3, 128, 128)
    holes = torch.zeros(4, 1, 128, 128)
    holes[0, :, 50:110, 20:100] = 1
    holes[1, :, 90:, :30] = 1
    holes[2] = 1
    together = poisson_blended(painted, pixels, holes)
    assert torch.equal(together[2], painted[2])
    assert torch.equal(together[3], pixels[3])
    for face in range(2):
        alone = slice(face, face + 1)
        assert torch.equal(poisson_blended(painted[alone], pixels[alone], holes[alone]), together[alone])


def test_of_a_large_face_only_the_hole_is_worked_on(monkeypatch):
    seen = []
    improve = poisson_blending._improve
    monkeypatch.setattr(
        poisson_blending, "_improve", lambda guess, *more: (seen.append(tuple(guess.shape)), improve(guess, *more))
    )
    holes = torch.zeros(2, 1, 128, 128)
    holes[0, :, 60:100, 100:] = 1
    poisson_blended(torch.rand(2, 3, 128, 128), torch.rand(2, 3, 128, 128), holes)
    assert seen[-1] == (1, 3, 42, 29)
    assert seen[-2] == (2, 3, 64, 64)
