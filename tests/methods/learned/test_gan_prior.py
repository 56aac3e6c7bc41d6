"""The search in the face generator's latent space: its losses, that it helps, what it keeps, and that it repeats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.masked_faces import to_pixels
from benchmark.methods.base import MaskedFaces
from benchmark.methods.learned.face_generator_networks import LATENT
from benchmark.methods.learned.gan_prior import GanPrior, context_weights
from benchmark.methods.resolve import resolve_method


def untrained(*, side: int = 32, **changes: object) -> GanPrior:
    method = GanPrior()
    method.settings = replace(method.settings, **changes)
    method.generator._set_side(side)
    return method


def faces_that_it_can_make(method: GanPrior, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    latents = 0.5 * torch.randn(count, LATENT)
    with torch.no_grad():
        faces = method.generator.generate(latents)
    holes = torch.zeros(count, 1, *faces.shape[-2:])
    holes[:, :, 16:28, 6:26] = 1
    return faces, holes


def test_context_weights_are_those_of_the_paper():
    holes = torch.zeros(1, 1, 21, 21)
    holes[:, :, 8:13, 8:13] = 1
    weights = context_weights(holes, window=7 / 21, far_weight=0.0)
    assert weights.sum().item() == pytest.approx(1)
    assert weights[0, 0, 10, 10] == 0  # inside the hole
    assert weights[0, 0, 0, 0] == 0  # no hole within three pixels
    # just left of the hole the window holds 3 columns × 5 rows of it; at its corner 3 × 3
    ratio = weights[0, 0, 10, 7] / weights[0, 0, 7, 7]
    assert ratio.item() == pytest.approx(15 / 9, rel=1e-4)
    assert (context_weights(holes, window=7 / 21, far_weight=0.1)[0, 0, 0, 0] > 0).item()


def test_the_search_comes_nearer_to_a_face_that_the_generator_can_make():
    method = untrained(learning_rate=0.05)
    for module in method.generator.modules.values():
        for layer in module.modules():
            if isinstance(layer, torch.nn.ConvTranspose2d):
                torch.nn.init.normal_(layer.weight, std=0.1)  # an untrained generator draws nothing
    faces, holes = faces_that_it_can_make(method, 4)
    errors = []
    for steps in (0, 40):
        method.settings = replace(method.settings, steps=steps)
        found = method.search(faces * (1 - holes), holes)
        errors.append(((found - faces).abs() * holes).sum().item())
    assert errors[1] < 0.6 * errors[0]


def test_known_pixels_stay_and_networks_are_left_alone():
    method = untrained()
    before = {key: value.clone() for key, value in method.generator._stored().state_dict().items()}
    pixels = torch.rand(3, 3, 48, 48)
    holes = torch.zeros(3, 1, 48, 48)
    holes[:2, :, 20:40, 10:40] = 1
    restored = method.restore(MaskedFaces(pixels, holes, torch.zeros(3, 68, 2), ("a", "b", "c")))
    assert torch.equal(restored * (1 - holes), pixels * (1 - holes))
    assert (restored[:2] != pixels[:2]).any()
    assert torch.equal(restored[2], pixels[2])
    assert ((restored >= 0) & (restored <= 1)).all()
    for key, value in method.generator._stored().state_dict().items():
        assert torch.equal(value, before[key])
    assert all(p.requires_grad and p.grad is None for p in method.generator.modules["generator"].parameters())


def test_a_face_s_result_depends_on_nothing_but_the_face(tiny_pairs):
    method = untrained()
    pairs = tiny_pairs(9, 64)
    names = tuple(map(str, range(9)))
    together = method.unmask(pairs.masked, pairs.holes, pairs.landmarks, names).pixels
    alone = method.unmask(pairs.masked[4:5], pairs.holes[4:5], pairs.landmarks[4:5], names[4:5]).pixels
    assert np.array_equal(together[4], alone[0])
    mixed = np.roll(np.arange(9), 3)
    shuffled = method.unmask(
        pairs.masked[mixed], pairs.holes[mixed], pairs.landmarks[mixed], tuple(names[row] for row in mixed)
    ).pixels
    assert np.array_equal(shuffled, together[mixed])


def test_the_thesis_preset_searches_without_an_encoder():
    method = GanPrior(preset="thesis")
    assert "encoder" not in method.networks()
    method.settings = replace(method.settings, steps=2)
    faces, holes = torch.rand(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)
    holes[:, :, 30:50, 20:44] = 1
    assert method.search(faces, holes).shape == (1, 3, 64, 64)


def test_its_weights_are_the_face_generator_s(tiny_pairs, quiet, tmp_path):
    method = resolve_method("true-mask+gan-prior")
    learning = [part for part in method.parts() if part.trains]
    assert [(part.name, part.label) for part in learning] == [("face-generator", "face-generator")]
    generator = learning[0]
    training = replace(generator.settings.training, epochs=1, batch_size=4, precision="float32")
    generator.settings = replace(generator.settings, training=training)
    pairs = tiny_pairs(8, 32)
    generator.fit(pairs, progress=quiet)
    generator.save(tmp_path)
    again = resolve_method("true-mask+gan-prior", seed=3)
    next(part for part in again.parts() if part.trains).load(tmp_path)
    names = tuple("abcdefgh")
    before, after = (m.unmask(pairs.masked, pairs.holes, pairs.landmarks, names).pixels for m in (method, again))
    assert np.array_equal(before, after)
    assert GanPrior.parameter_counts() == dict(GanPrior.card.parameters)


def test_what_it_finds_is_a_picture():
    method = untrained()
    faces, holes = faces_that_it_can_make(method, 2)
    assert to_pixels(method.search(faces, holes)).dtype == np.uint8


def test_the_window_s_share_of_a_hole_is_summed_along_rows_and_columns():
    holes = (torch.rand(2, 1, 40, 40, generator=torch.Generator().manual_seed(0)) > 0.7).float()
    missing = torch.nn.functional.avg_pool2d(holes, 7, stride=1, padding=3)
    expected = (missing + 0.1) * (1 - holes)
    expected = expected / expected.sum((-3, -2, -1), keepdim=True)
    assert torch.allclose(context_weights(holes, window=7 / 40, far_weight=0.1), expected, atol=1e-8, rtol=1e-5)
