"""PSNR and SSIM against scikit-image and torchmetrics."""

import numpy as np
import pytest
import torch
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from torchmetrics.image import PeakSignalNoiseRatio, StructuralSimilarityIndexMeasure

from benchmark.verification import image_quality
from benchmark.verification.image_metrics import HolePsnr, HoleSsim, Psnr, Ssim


@pytest.fixture
def faces() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.arange(48), np.arange(48)), axis=-1)
    true = np.stack([127 + 90 * np.sin(grid @ rng.normal(0, 0.15, (2, 3)) + rng.random(3)) for _ in range(4)])
    restored = true + rng.normal(0, 12, true.shape) * rng.random((4, 1, 1, 1))
    holes = np.zeros((4, 48, 48), dtype=np.uint8)
    holes[:, 26:44, 8:40] = 255
    return true.clip(0, 255).astype(np.uint8), restored.clip(0, 255).astype(np.uint8), holes


def test_mse_and_psnr_are_scikit_images(faces: tuple[np.ndarray, ...]) -> None:
    true, restored, _ = faces
    errors = image_quality.mean_squared_error(true, restored)
    for one, other, error in zip(true, restored, errors, strict=True):
        assert error == pytest.approx(mean_squared_error(one, other))
        assert image_quality.psnr(float(error)) == pytest.approx(peak_signal_noise_ratio(one, other))


def test_pooled_psnr_is_torchmetrics(faces: tuple[np.ndarray, ...]) -> None:
    true, restored, holes = faces
    reference = PeakSignalNoiseRatio(data_range=255.0)
    expected = reference(torch.from_numpy(restored).double(), torch.from_numpy(true).double())
    metric = Psnr()
    assert metric.pool(float(metric.per_image(true, restored, holes).mean())) == pytest.approx(
        float(expected), abs=1e-4
    )


def test_ssim_is_scikit_images(faces: tuple[np.ndarray, ...]) -> None:
    true, restored, _ = faces
    for one, other, value in zip(true, restored, image_quality.ssim(true, restored), strict=True):
        expected = structural_similarity(
            one,
            other,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=255,
            channel_axis=-1,
        )
        assert value == pytest.approx(expected, abs=1e-9)


def test_ssim_is_torchmetrics(faces: tuple[np.ndarray, ...]) -> None:
    true, restored, _ = faces
    # torchmetrics also averages windows that reach over the border into mirrored pixels; ours are Wang's: inside only
    reference = StructuralSimilarityIndexMeasure(
        data_range=255.0, sigma=1.5, kernel_size=11, reduction="none", return_full_image=True
    )
    planes = [torch.from_numpy(images).permute(0, 3, 1, 2).double() for images in (restored, true)]
    _, maps = reference(*planes)
    assert image_quality.ssim(true, restored) == pytest.approx(
        maps[..., 5:-5, 5:-5].mean(dim=(1, 2, 3)).numpy(), abs=1e-9
    )


def test_hole_alone(faces: tuple[np.ndarray, ...]) -> None:
    true, restored, holes = faces
    covered = holes > 127
    for row, error in enumerate(HolePsnr().per_image(true, restored, holes)):
        difference = true[row][covered[row]].astype(float) - restored[row][covered[row]]
        assert error == pytest.approx((difference**2).mean())
    full = np.stack([image_quality.ssim_map(*pair) for pair in zip(true, restored, strict=True)]).mean(axis=3)
    inner = covered[:, 5:-5, 5:-5]
    expected = [full[row][inner[row]].mean() for row in range(4)]
    assert HoleSsim().per_image(true, restored, holes) == pytest.approx(expected)


def test_changes_outside_the_hole_do_not_touch_its_psnr(faces: tuple[np.ndarray, ...]) -> None:
    true, _, holes = faces
    composite = true.copy()
    composite[holes == 0] = 0
    assert (HolePsnr().per_image(true, composite, holes) == 0).all()
    assert (Psnr().per_image(true, composite, holes) > 0).all()


def test_identical_images(faces: tuple[np.ndarray, ...]) -> None:
    true, _, holes = faces
    assert image_quality.psnr(0.0) == float("inf")
    assert Ssim().per_image(true, true, holes) == pytest.approx(np.ones(4))


def test_an_image_without_hole_is_left_out(faces: tuple[np.ndarray, ...]) -> None:
    true, restored, holes = faces
    holes[1] = 0
    assert np.isnan(HolePsnr().per_image(true, restored, holes)).tolist() == [False, True, False, False]
    assert np.isnan(HoleSsim().per_image(true, restored, holes)).tolist() == [False, True, False, False]


def test_no_images() -> None:
    none = np.empty((0, 16, 16, 3), np.uint8)
    assert image_quality.ssim(none, none).shape == (0,)
    assert image_quality.mean_squared_error(none, none).shape == (0,)


def test_shapes_that_differ() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        image_quality.ssim(np.zeros((1, 16, 16, 3), np.uint8), np.zeros((1, 32, 32, 3), np.uint8))
