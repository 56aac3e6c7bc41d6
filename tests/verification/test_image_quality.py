"""PSNR and SSIM against scikit-image and torchmetrics."""

import numpy as np
import pytest
import torch
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from torchmetrics.image import PeakSignalNoiseRatio, StructuralSimilarityIndexMeasure

from benchmark.verification import image_quality
from benchmark.verification.image_metrics import Psnr, Ssim
from benchmark.verification.image_quality import mean_over


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
    errors = mean_over(image_quality.squared_error_map(true, restored))
    for one, other, error in zip(true, restored, errors, strict=True):
        assert error == pytest.approx(mean_squared_error(one, other))
        assert image_quality.psnr(float(error)) == pytest.approx(peak_signal_noise_ratio(one, other))


def test_pooled_psnr_is_torchmetrics(faces: tuple[np.ndarray, ...]) -> None:
    true, restored, _ = faces
    reference = PeakSignalNoiseRatio(data_range=255.0)
    expected = reference(torch.from_numpy(restored).double(), torch.from_numpy(true).double())
    metric = Psnr()
    assert metric.pool(float(metric.map(true, restored).mean())) == pytest.approx(float(expected), abs=1e-4)


def test_ssim_is_scikit_images(faces: tuple[np.ndarray, ...]) -> None:
    true, restored, _ = faces
    for one, other, value in zip(true, restored, mean_over(image_quality.ssim_map(true, restored)), strict=True):
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
    assert mean_over(image_quality.ssim_map(true, restored)) == pytest.approx(
        maps[..., 5:-5, 5:-5].mean(dim=(1, 2, 3)).numpy(), abs=1e-9
    )


def test_hole_alone(faces: tuple[np.ndarray, ...]) -> None:
    true, restored, holes = faces
    covered = holes > 127
    for row, error in enumerate(mean_over(Psnr().map(true, restored), covered)):
        difference = true[row][covered[row]].astype(float) - restored[row][covered[row]]
        assert error == pytest.approx((difference**2).mean())
    maps = image_quality.ssim_map(true, restored)
    inner = covered[:, 5:-5, 5:-5]
    expected = [maps[row][inner[row]].mean() for row in range(4)]
    assert mean_over(Ssim().map(true, restored), covered) == pytest.approx(expected)


def test_changes_outside_the_hole_do_not_touch_its_psnr(faces: tuple[np.ndarray, ...]) -> None:
    true, _, holes = faces
    composite = true.copy()
    composite[holes == 0] = 0
    errors = Psnr().map(true, composite)
    assert (mean_over(errors, holes > 0) == 0).all()
    assert (mean_over(errors) > 0).all()


def test_identical_images(faces: tuple[np.ndarray, ...]) -> None:
    true, _, _ = faces
    assert image_quality.psnr(0.0) == float("inf")
    assert mean_over(Ssim().map(true, true)) == pytest.approx(np.ones(4))


def test_an_image_without_hole_is_left_out(faces: tuple[np.ndarray, ...]) -> None:
    true, restored, holes = faces
    holes[1] = 0
    for metric in (Psnr(), Ssim()):
        means = mean_over(metric.map(true, restored), holes > 0)
        assert np.isnan(means).tolist() == [False, True, False, False]


def test_no_images() -> None:
    none = np.empty((0, 16, 16, 3), np.uint8)
    assert mean_over(image_quality.ssim_map(none, none)).shape == (0,)
    assert mean_over(image_quality.squared_error_map(none, none)).shape == (0,)


def test_shapes_that_differ() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        image_quality.ssim_map(np.zeros((1, 16, 16, 3), np.uint8), np.zeros((1, 32, 32, 3), np.uint8))


@pytest.mark.parametrize("shape", [(2, 16, 15), (2, 18, 18), (3, 16, 16), (2, 16)])
def test_a_map_that_is_no_centre_of_the_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="maps of shape"):
        mean_over(np.zeros(shape), np.ones((2, 16, 16), bool))
