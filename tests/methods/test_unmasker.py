"""What the base class promises every method: batches, working size, compositing, checks, cost."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.errors import PluginError, RequestError
from benchmark.machine import native_precision
from benchmark.masked_faces import resized, to_pixels, to_tensor
from benchmark.methods.base import MaskedFaces, MaskedPairs, MethodCard, Restored, Unmasker
from benchmark.progress import Progress


def unmask(method: Unmasker, pairs: MaskedPairs, **more: object) -> Restored:
    names = tuple(f"image-{row}" for row in range(len(pairs)))
    return method.unmask(pairs.masked, pairs.holes, pairs.landmarks, names, pairs.true, **more)


class Green(Unmasker):
    """Paints everything green."""

    def restore(self, faces: MaskedFaces) -> Tensor:
        self.seen = faces
        painted = torch.zeros_like(faces.pixels)
        painted[:, 1] = 1
        return painted


class Blind(Green):
    """Paints the whole face."""

    needs_holes = False
    keeps_known_pixels = False


class Privileged(Green):
    """Sees the truth."""

    card = MethodCard(privileged=True)


def test_only_the_hole_changes_and_all_of_it(tiny_pairs):
    pairs = tiny_pairs(5)
    pixels = unmask(Green(), pairs).pixels
    hole = pairs.holes > 0
    assert np.array_equal(pixels[~hole], pairs.masked[~hole])
    assert (pixels[hole] == (0, 255, 0)).all()


def test_known_pixels_stay_exact_at_a_smaller_working_size(tiny_pairs):
    method = Green()
    method.working_size = 8
    pairs = tiny_pairs(3)
    pixels = unmask(method, pairs).pixels
    hole = pairs.holes > 0
    assert method.seen.pixels.shape[-1] == 8
    assert np.array_equal(pixels[~hole], pairs.masked[~hole])
    assert (pixels[hole] == (0, 255, 0)).all()


def test_a_blind_method_may_rewrite_everything_and_sees_no_hole(tiny_pairs):
    method = Blind()
    pixels = unmask(method, tiny_pairs(3)).pixels
    assert (pixels == (0, 255, 0)).all()
    assert not method.seen.holes.any()


class Loud(Unmasker):
    """Paints holes and their surroundings beyond white, by an amount of each face's own."""

    def __init__(self, *excess: float, outside: float = 1.0, **options: str) -> None:
        super().__init__(**options)
        self.excess, self.outside = excess, outside

    def restore(self, faces: MaskedFaces) -> Tensor:
        rows = [int(name.partition("-")[2]) for name in faces.image_ids]
        inside = torch.tensor([1 + self.excess[row] for row in rows])[:, None, None, None]
        return torch.where(faces.holes > 0, inside, self.outside).expand_as(faces.pixels).clone()


def test_faces_with_values_beyond_rounding_are_told(tiny_pairs):
    restored = unmask(Loud(0, 0.1, 0.003, 0.3, float("nan"), outside=1.4), tiny_pairs(5))
    assert restored.clipped.tolist() == [False, True, False, True, False]
    assert restored.refused.tolist() == [False, False, False, False, True]


def test_of_a_blind_method_the_whole_face_counts_and_below_zero_too(tiny_pairs):
    method = Loud(0, 0, outside=-0.2)
    method.keeps_known_pixels = False
    assert unmask(method, tiny_pairs(2)).clipped.all()


def test_copies_that_fill_a_batch_do_not_count(tiny_pairs):
    method = Loud(0, 0, 0.4)
    method.network = nn.Linear(1, 1)
    assert unmask(method, tiny_pairs(3)).clipped.tolist() == [False, False, True]


def test_truth_reaches_privileged_methods_alone(tiny_pairs):
    pairs = tiny_pairs(2)
    ordinary, privileged = Green(), Privileged()
    unmask(ordinary, pairs)
    unmask(privileged, pairs)
    assert ordinary.seen.true_pixels is None
    assert np.array_equal(to_pixels(privileged.seen.true_pixels), pairs.true)


def test_a_face_without_hole_comes_back_as_it_is(tiny_pairs):
    pairs = tiny_pairs(3)
    holes = pairs.holes.copy()
    holes[1] = 0
    restored = Green().unmask(pairs.masked, holes, pairs.landmarks, ("a", "b", "c"))
    assert np.array_equal(restored.pixels[1], pairs.masked[1])
    assert (restored.pixels[0][holes[0] > 0] == (0, 255, 0)).all()


def test_a_completer_without_holes_is_refused_by_name(tiny_pairs):
    pairs = tiny_pairs(1)
    with pytest.raises(PluginError, match="Green"):
        Green().unmask(pairs.masked, None, pairs.landmarks, ("a",))


class NetworkMethod(Unmasker):
    """A method with a network and noise."""

    needs_holes = False
    keeps_known_pixels = False

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1))

    def restore(self, faces: MaskedFaces) -> Tensor:
        assert len(faces.pixels) == len(faces.image_ids)
        noise = self.noise(faces.image_ids, *faces.pixels.shape[1:])
        return (self.network(faces.pixels) + 0.3 * noise).sigmoid()


def test_results_depend_on_neither_order_nor_number_of_faces(tiny_pairs):
    pairs = tiny_pairs(21, 32)
    method = NetworkMethod()
    method.batch_size = 8
    names = tuple(f"image-{row}" for row in range(21))
    whole = method.unmask(pairs.masked, None, pairs.landmarks, names).pixels
    order = np.random.default_rng(0).permutation(21)
    shuffled = method.unmask(pairs.masked[order], None, pairs.landmarks[order], tuple(names[i] for i in order)).pixels
    alone = method.unmask(pairs.masked[4:5], None, pairs.landmarks[4:5], names[4:5]).pixels
    assert np.array_equal(shuffled, whole[order])
    assert np.array_equal(alone[0], whole[4])
    assert not np.array_equal(whole[0], whole[1])


def test_another_batch_size_moves_no_pixel_by_more_than_rounding(tiny_pairs):
    pairs = tiny_pairs(10, 32)
    one, other = NetworkMethod(), NetworkMethod()
    other.batch_size = 3
    difference = unmask(one, pairs).pixels.astype(int) - unmask(other, pairs).pixels
    assert np.abs(difference).max() <= 1


def test_larger_faces_come_in_smaller_batches(tiny_pairs):
    method = Blind()
    unmask(method, tiny_pairs(9, 256))
    assert len(method.seen.pixels) == 1  # 9 = 8 + 1: a quarter of 32 at four times the area
    method.batch_size = 1
    unmask(method, tiny_pairs(1, 256))
    assert len(method.seen.pixels) == 1


@pytest.mark.parametrize(("side", "device", "sizes"), [(128, "cpu", [8, 2]), (64, "cpu", [10]), (128, "cuda", [10])])
def test_on_a_processor_a_batch_has_fewer_pixels(side, device, sizes):
    method = Blind(device=device)
    assert [len(rows) for rows, _ in method._batches(np.arange(10), side)] == sizes


def test_values_out_of_range_are_seen_beside_those_that_are_not_finite(tiny_pairs):
    def wrong(faces: MaskedFaces) -> Tensor:
        images = faces.pixels.clone()
        images[0], images[1] = torch.nan, 5
        return images

    with pytest.raises(PluginError, match="to 5"):
        unmask(Returns(wrong), tiny_pairs(4))
    assert unmask(Returns(lambda faces: faces.pixels * torch.nan), tiny_pairs(4)).refused.all()


class Returns(Unmasker):
    """Returns what it is told."""

    needs_holes = False

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value
        self.name = "broken-gan"

    def restore(self, faces: MaskedFaces) -> Tensor:
        return self.value(faces) if callable(self.value) else self.value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda faces: faces.pixels[:, :1], r"'broken-gan' returned \(4, 1, 16, 16\)"),
        (lambda faces: faces.pixels[:-1], r"'broken-gan' returned \(3, 3, 16, 16\)"),
        (lambda faces: None, "'broken-gan' returned NoneType"),
        (lambda faces: faces.pixels * 255, r"'broken-gan' returned values from 0.* to 2"),
        (lambda faces: faces.pixels * 2 - 1, "rescale or clamp"),
        (lambda faces: (faces.pixels * 255).int(), "floating point"),
    ],
)
def test_a_broken_contract_names_the_method(tiny_pairs, value, message):
    pairs = tiny_pairs(4)
    pairs.masked[:, 0, 0] = 0
    pairs.masked[:, 0, 1] = 255
    with pytest.raises(PluginError, match=message):
        unmask(Returns(value), pairs)


def test_nan_refuses_that_image_alone(tiny_pairs):
    def poisoned(faces: MaskedFaces) -> Tensor:
        images = faces.pixels.clone()
        images[1, 0, 3, 3] = torch.nan
        images[2, 0, 3, 3] = torch.inf
        return images

    pairs = tiny_pairs(4)
    restored = unmask(Returns(poisoned), pairs)
    assert restored.refused.tolist() == [False, True, True, False]
    assert not restored.pixels[1].any()
    assert np.array_equal(restored.pixels[0], pairs.masked[0])


def test_slight_overshoot_is_clipped(tiny_pairs):
    pairs = tiny_pairs(2)
    pixels = unmask(Returns(lambda faces: faces.pixels * 0 + 1.2), pairs).pixels
    assert (pixels == 255).all()


def test_inputs_are_not_changed(tiny_pairs):
    pairs = tiny_pairs(4)
    before = pairs.masked.copy()

    def scribbles(faces: MaskedFaces) -> Tensor:
        return faces.pixels.mul_(0)

    unmask(Returns(scribbles), pairs)
    assert np.array_equal(pairs.masked, before)


def test_read_only_memory_maps_work(tiny_pairs, tmp_path):
    pairs = tiny_pairs(3)
    np.save(tmp_path / "masked.npy", pairs.masked)
    mapped = np.load(tmp_path / "masked.npy", mmap_mode="r")
    restored = Green().unmask(mapped, pairs.holes, pairs.landmarks, ("a", "b", "c"))
    assert np.array_equal(restored.pixels, unmask(Green(), pairs).pixels)


def test_cost_is_measured_and_the_bar_counts_every_face(tiny_pairs):
    class Heavy(Blind):
        def restore(self, faces: MaskedFaces) -> Tensor:
            ballast = torch.ones(25 * 1024 * 1024)  # 100 MiB
            return faces.pixels * ballast[0]

    pairs = tiny_pairs(6)
    holes = pairs.holes.copy()
    holes[2] = 0
    with Progress(quiet=False).bar("test", total=6) as bar:
        restored = Green().unmask(pairs.masked, holes, pairs.landmarks, tuple("abcdef"), bar=bar)
        assert bar.n == 6
    assert restored.seconds_per_image > 0
    heavy = unmask(Heavy(), pairs)
    assert 90 < heavy.peak_memory_mib < 300


def test_no_faces_give_no_faces(tiny_pairs):
    restored = unmask(Green(), tiny_pairs(0))
    assert restored.pixels.shape == (0, 16, 16, 3)
    assert restored.refused.shape == (0,)


@pytest.mark.parametrize(("native", "seen"), [(True, torch.bfloat16), (False, torch.float32)])
def test_autocast_follows_the_precision_where_the_processor_has_units_for_it(tiny_pairs, monkeypatch, native, seen):
    monkeypatch.setattr(native_precision, "_is_native", lambda precision, kind: native)

    class Low(NetworkMethod):
        precision = "bfloat16"

        def restore(self, faces: MaskedFaces) -> Tensor:
            images = self.network(faces.pixels)
            self.seen = images.dtype
            return images.sigmoid()

    method = Low()
    unmask(method, tiny_pairs(2))
    assert method.seen == seen


def test_an_unknown_preset_suggests_the_nearest():
    class Presets(Green):
        presets: ClassVar[dict[str, None]] = {"tuned": None, "thesis-64": None}

    assert Presets().preset == "tuned"
    with pytest.raises(RequestError, match="did you mean 'thesis-64'"):
        Presets(preset="thesis64")


def test_parameters_are_counted_from_the_networks():
    assert NetworkMethod.parameter_counts() == {"network": 3 * 8 * 9 + 8 + 8 * 3 * 9 + 3}
    assert Green.parameter_counts() == {}


def test_pixels_survive_the_way_to_tensors_and_back():
    every_value = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=3)
    assert np.array_equal(to_pixels(to_tensor(every_value, "cpu")), every_value)


def test_shrinking_keeps_holes_covered_and_moves_landmarks():
    holes = torch.zeros(1, 1, 8, 8)
    holes[0, 0, 3, 3] = 1
    faces = MaskedFaces(torch.rand(1, 3, 8, 8), holes, torch.full((1, 68, 2), 3.5), ("a",)).resized(4)
    assert faces.holes[0, 0, 1, 1] == 1
    assert faces.landmarks[0, 0].tolist() == [1.5, 1.5]  # the centre stays the centre
    assert set(faces.holes.unique().tolist()) <= {0.0, 1.0}
    flat = torch.full((1, 3, 8, 8), 0.25)
    assert torch.allclose(resized(flat, 4), torch.full((1, 3, 4, 4), 0.25))
