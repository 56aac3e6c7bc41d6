"""LPIPS and FID with weights from a file: made ones here, checked against torchmetrics' own answers."""

from __future__ import annotations

import io
import logging
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from benchmark.acquisition.resolve import only_face_detector_files
from benchmark.cli.main import main
from benchmark.errors import RequestError
from benchmark.model_files import FOLDER_VARIABLE, sha256_of
from benchmark.named_weights import named_weights
from benchmark.verification.base import ImageMetric, ImageSetMetric
from benchmark.verification.inception_metric import InceptionDistance
from benchmark.verification.lpips_metric import Lpips
from benchmark.verification.measure_image_sets import measure_image_sets
from benchmark.verification.measure_images import measure_images
from benchmark.verification.measurement import Measurement
from benchmark.verification.metric_description import common_descriptions
from benchmark.verification.resolve import described, load_metrics
from tests.verification.population import CELL

PUBLISHED = {
    "alex": ("alexnet", "alexnet-owt-7be5be79.pth", "LPIPS (AlexNet)"),
    "vgg": ("vgg16", "vgg16-397923af.pth", "LPIPS (VGG16)"),
    "squeeze": ("squeezenet1_1", "squeezenet1_1-b8a52dc0.pth", "LPIPS (SqueezeNet 1.1)"),
}
IMAGES, SIDE = 6, 64


@pytest.fixture(autouse=True)
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of models, and one of torchvision's downloads."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "models"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    (tmp_path / "torch" / "hub" / "checkpoints").mkdir(parents=True)
    return tmp_path / "models"


@pytest.fixture
def faces() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """True and restored faces ``(6, 64, 64, 3)``; the last restored one equals its truth."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, 256, (IMAGES, SIDE, SIDE, 3), np.uint8)
    restored = np.clip(true + rng.normal(scale=40, size=true.shape), 0, 255).astype(np.uint8)
    restored[-1] = true[-1]
    return true, restored


def backbone_file(net: str, folder: Path) -> Path:
    """Random weights, where torchvision looks for those it has downloaded: so that torchmetrics finds them, too."""
    import torchvision

    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = getattr(torchvision.models, PUBLISHED[net][0])(weights=None)
    file = folder / "torch" / "hub" / "checkpoints" / PUBLISHED[net][1]
    torch.save(network.state_dict(), file)
    return file


@pytest.mark.parametrize(
    "net", [pytest.param("alex", marks=pytest.mark.slow), pytest.param("vgg", marks=pytest.mark.slow), "squeeze"]
)
def test_lpips_is_that_of_torchmetrics(net: str, tmp_path: Path, faces: tuple[NDArray[np.uint8], ...]) -> None:
    file = backbone_file(net, tmp_path)
    metric = load_metrics(["lpips"], weights={"lpips": file})["lpips"]
    assert isinstance(metric, ImageMetric)

    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    reference = LearnedPerceptualImagePatchSimilarity(net_type=net, normalize=True)
    expected = []
    for one, other in zip(*faces, strict=True):
        pair = [torch.from_numpy(image).permute(2, 0, 1)[None] / 255 for image in (one, other)]
        expected.append(float(reference(*pair)))
    found = metric.map(*faces)
    assert found.shape == (IMAGES, 1, 1)
    assert found.ravel() == pytest.approx(expected, rel=1e-4, abs=1e-7)
    assert min(expected[:-1]) > 0.001 and expected[-1] == 0
    says = described({"lpips": metric})
    assert list(says) == ["lpips"], "the whole face alone"
    assert says["lpips"].title == PUBLISHED[net][2]
    assert says["lpips"].weights == sha256_of(file)

    measured = measure_images(
        CELL,
        true=faces[0],
        restored=faces[1],
        holes=np.full(faces[0].shape[:3], 255, np.uint8),
        failed=np.array([True] + [False] * 5),
        subjects=np.arange(IMAGES, dtype=np.int32),
        mask_types=[None] * IMAGES,
        metrics={"lpips": metric},
    )
    (row,) = measured.rows
    assert row.metric == "lpips"
    assert row.value == pytest.approx(np.mean(expected[1:]), rel=1e-4)
    assert row.ci_low is not None and row.ci_high is not None and row.ci_low < row.value < row.ci_high
    assert row.n_failed == 1


def test_the_classifier_may_be_absent_and_other_files_are_told_apart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = backbone_file("squeeze", tmp_path)
    state = torch.load(file, weights_only=True)
    smaller = tmp_path / "features.pth"
    torch.save({name: tensor for name, tensor in state.items() if name.startswith("features.")}, smaller)
    with caplog.at_level(logging.WARNING):
        metrics = [load_metrics(["lpips"], weights={"lpips": one})["lpips"] for one in (file, smaller)]
    assert "is not a file that torchvision published for SqueezeNet 1.1" in caplog.text
    one, other = (described({"lpips": metric}) for metric in metrics)
    assert common_descriptions([one, one])["lpips"].higher_is_better is False
    assert common_descriptions([one, other])["lpips"].higher_is_better is None, "values of two files are two metrics"


def test_a_wrong_file_is_one_clear_line(tmp_path: Path) -> None:
    state = torch.load(backbone_file("squeeze", tmp_path), weights_only=True)
    text = tmp_path / "text.pth"
    text.write_text("no weights")
    other = tmp_path / "other.pth"
    torch.save(nn.Linear(2, 2).state_dict(), other)
    cut = tmp_path / "cut.pth"
    torch.save({name: tensor for name, tensor in state.items() if name != "features.10.squeeze.bias"}, cut)
    for metric, file, complaint in (
        ("lpips", tmp_path / "none.pth", "no such file"),
        ("lpips", text, "is not a PyTorch file of plain tensors"),
        ("lpips", other, "holds none of LPIPS's backbones; give the state dict of torchvision's alexnet"),
        ("lpips", cut, "is not torchvision's SqueezeNet 1.1: 'slices.4.10.squeeze.bias' is missing"),
        ("fid_inception", other, "is not the Inception network of FID; give weights-inception-2015-12-05"),
        ("ssim", other, "this metric takes no file; leave --weights out"),
    ):
        with pytest.raises(RequestError, match=complaint) as caught:
            load_metrics([metric], weights={metric: file})
        assert "\n" not in str(caught.value)


def test_who_has_no_file_is_told_which_one(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    left_out: dict[str, str] = {}
    assert load_metrics(["lpips", "fid_inception"], left_out=left_out) == {}
    assert left_out["metric lpips"] == (
        "its weights are not here: name the file with --weights lpips=alexnet-owt-7be5be79.pth"
    )
    assert left_out["metric fid_inception"].endswith("fid_inception=weights-inception-2015-12-05-6726825d.pth")
    assert not caplog.records, "most users have none: no warning"
    assert main(["list", "metrics"]) == 0
    assert "--weights lpips=alexnet-owt-7be5be79.pth" in " ".join(capsys.readouterr().out.split())


def test_a_missing_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Lpips, "needs", {"no_such_package": "pip install it"})
    with pytest.raises(RequestError, match="metric 'lpips' does not work here: the package no_such_package is not"):
        load_metrics(["lpips"], weights={"lpips": tmp_path / "any"})


def test_a_damaged_file_in_the_folder_of_models_leaves_the_metric_out(
    no_models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    no_models.mkdir()
    (no_models / "alexnet-owt-7be5be79.pth").write_text("no weights")
    left_out: dict[str, str] = {}
    assert load_metrics(["lpips"], left_out=left_out) == {}
    assert "is not a PyTorch file of plain tensors" in left_out["metric lpips"]
    assert "metric 'lpips' left out" in caplog.text


def test_weights_of_a_metric_go_to_it_and_not_to_mask() -> None:
    assert dict(named_weights(["lpips=a.pth"]).metrics) == {"lpips": Path("a.pth")}
    with pytest.raises(RequestError, match="--weights lpips: only face detectors take a file here"):
        only_face_detector_files(["lpips=a.pth"])


class SmallInceptionDistance(InceptionDistance):
    """Over the first layer's 64 features: 66 faces are enough."""

    features = 64


@pytest.fixture(scope="module")
def inception_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in the layout of torch-fidelity's file."""
    fidelity = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3", reason="of the extra `perceptual`")
    file = tmp_path_factory.mktemp("inception") / "inception.pth"
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:  # the class always loads a file; its layout is all that is needed
        patch.setattr(torch, "load", lambda *_, **__: {})
        patch.setattr(nn.Module, "load_state_dict", lambda *_, **__: None)
        network = fidelity.FeatureExtractorInceptionV3("layout", ["64"], feature_extractor_weights_path="none")
    torch.save(network.state_dict(), file)
    return file


@pytest.mark.slow
def test_fid_over_inception_is_that_of_torchmetrics(inception_file: Path) -> None:
    from torchmetrics.image.fid import FrechetInceptionDistance

    rng = np.random.default_rng(1)
    true = rng.integers(0, 256, (70, 64, 64, 3), np.uint8)
    shown = np.clip(true * 0.7 + rng.normal(scale=20, size=true.shape), 0, 255).astype(np.uint8)
    failed = np.zeros(70, bool)
    failed[:4] = True
    metric = SmallInceptionDistance(weights=inception_file)
    measured = measure_image_sets(
        CELL, true=true, shown=shown, failed=failed, subjects=np.arange(70, dtype=np.int32), metrics={"fid_64": metric}
    )
    reference = FrechetInceptionDistance(feature=64, feature_extractor_weights_path=str(inception_file))
    for images, real in ((true, True), (shown, False)):
        reference.update(torch.from_numpy(images[4:]).permute(0, 3, 1, 2), real=real)
    (row,) = measured.rows
    assert row.value == pytest.approx(float(reference.compute()), rel=1e-3)
    assert row.value is not None and row.value > 1e-6
    assert (row.mask_type, row.n_failed, row.ci_low) == ("all", 4, None)
    assert [note.kind for note in measured.notes] == ["flagged"]
    assert "of 66 faces over 64 features is biased" in measured.notes[0].text


def _of_four_black_faces(name: str, metric: ImageSetMetric, *, side: int) -> Measurement:
    images = np.zeros((4, side, side, 3), np.uint8)
    return measure_image_sets(
        CELL,
        true=images,
        shown=images,
        failed=np.zeros(4, bool),
        subjects=np.arange(4, dtype=np.int32),
        metrics={name: metric},
    )


def test_fid_over_inception_is_left_empty_for_few_faces(inception_file: Path) -> None:
    metric = load_metrics(["fid_inception"], weights={"fid_inception": inception_file})["fid_inception"]
    assert isinstance(metric, ImageSetMetric)
    assert described({"fid_inception": metric})["fid_inception"].weights == sha256_of(inception_file)
    measured = _of_four_black_faces("fid_inception", metric, side=64)
    assert measured.rows[0].value is None
    assert measured.notes[0].text == (
        "fid_inception is left empty: 4 faces are too few for a covariance of 2048 features"
    )


def test_a_broken_metric_of_sets_loses_only_its_own_row() -> None:
    class Broken(ImageSetMetric):
        """Breaks."""

        higher_is_better = False

        def estimate(self, sample: object) -> None:
            raise ZeroDivisionError("no luck")

    measured = _of_four_black_faces("broken", Broken(), side=16)
    assert not measured.rows
    assert measured.notes[0].text == "metric 'broken' failed: ZeroDivisionError: no luck"


def test_pickles_that_run_code_are_refused(tmp_path: Path) -> None:
    class Runs:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return print, ("run",)

    buffer = io.BytesIO()
    torch.save({"Conv2d_1a_3x3.conv.weight": Runs()}, buffer)
    file = tmp_path / "evil.pth"
    file.write_bytes(buffer.getvalue())
    for metric in ("lpips", "fid_inception"):
        with pytest.raises(RequestError, match="is not a PyTorch file of plain tensors"):
            load_metrics([metric], weights={metric: file})
