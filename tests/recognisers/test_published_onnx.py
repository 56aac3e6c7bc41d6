from __future__ import annotations

import shutil
import threading
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmark.cli.main import main
from benchmark.downloads.model_download import fetched
from benchmark.errors import PluginError, RequestError
from benchmark.faces import FaceGeometry
from benchmark.model_files import ModelFile
from benchmark.plugins import RECOGNISERS
from benchmark.progress import Progress
from benchmark.recognisers.insightface_buffalo_l import InsightFaceBuffaloL
from benchmark.recognisers.onnx_recogniser import PublishedOnnxRecogniser
from benchmark.recognisers.opencv_sface import OpenCvSFace

PUBLISHED = [OpenCvSFace, InsightFaceBuffaloL]


def stand_in(file: Path, cls: type[PublishedOnnxRecogniser], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small network of the published one's shape, instead of it: one number a channel and its double, …"""
    weights = np.random.default_rng(0).normal(size=(128, 3, 112, 112)).astype(np.float32) / 1000
    nodes = [helper.make_node("Conv", ["data", "w"], ["map"]), helper.make_node("Flatten", ["map"], ["fc1"])]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, [1, 3, 112, 112])],
        [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, [1, 128])],
        [numpy_helper.from_array(weights, "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6), file)
    without_digest = type(cls.model_file)(cls.model_file.plugin, cls.model_file.file_name)  # type: ignore[union-attr]
    monkeypatch.setattr(cls, "model_file", without_digest)
    return file


@pytest.mark.parametrize("cls", PUBLISHED)
def test_the_card_is_complete(cls: type[PublishedOnnxRecogniser]) -> None:
    card = cls.card
    assert card.chip_size == (112, 112)
    assert card.sha256 == "" and "SHA-256 not verified here" in card.weights_source
    assert all((card.summary, card.source, card.licence, card.alignment, card.normalisation, card.weights_source))
    assert "weights:" in card.licence
    assert card.trained_on
    assert cls.model_file is not None
    assert RECOGNISERS.load(cls.model_file.plugin) is cls


@pytest.mark.parametrize("cls", PUBLISHED)
def test_without_its_file_it_says_how_to_get_it(
    cls: type[PublishedOnnxRecogniser], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNMASK_BENCHMARK_MODELS", str(tmp_path))
    found = cls.availability()
    assert not found.available
    assert cls.model_file is not None
    assert f"--weights {cls.model_file.plugin}={cls.model_file.file_name}" in found.reason
    with pytest.raises(PluginError, match="its weights are not here"):
        cls()


@pytest.mark.parametrize("cls", PUBLISHED)
def test_another_file_is_refused(cls: type[PublishedOnnxRecogniser], tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(b"not what was published")
    with pytest.raises(RequestError, match="is not an ONNX network"):
        cls(weights=file)


@pytest.mark.parametrize("cls", PUBLISHED)
def test_it_runs_a_network_of_its_shape(
    cls: type[PublishedOnnxRecogniser], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = stand_in(tmp_path / "net.onnx", cls, monkeypatch)
    recogniser = cls(weights=file)
    cls.accept(file)
    assert recogniser.embed(np.zeros((3, 112, 112, 3), np.uint8)).shape == (3, 128)
    (tmp_path / "bad.onnx").write_bytes(b"half")
    with pytest.raises(RequestError, match="is not an ONNX network"):
        cls.accept(tmp_path / "bad.onnx")


def test_sface_agrees_with_opencvs_own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alignment, order of channels, scale and score, with a small network in SFace's place."""
    file = stand_in(tmp_path / "net.onnx", OpenCvSFace, monkeypatch)
    ours, theirs = OpenCvSFace(weights=file), cv2.FaceRecognizerSF.create(str(file), "")
    rows, columns = np.mgrid[:250, :250].astype(np.float32)
    photo = np.stack([columns, rows, (columns + rows) / 2], axis=-1).astype(np.uint8)  # whose colours tell the place
    points = np.array([(95, 110), (150, 105), (125, 140), (104, 168), (147, 165)], np.float32)
    face = np.concatenate([[80, 80, 90, 100], points.ravel(), [1]]).astype(np.float32)[None]
    landmarks = np.zeros((68, 2), np.float32)
    landmarks[36:42], landmarks[42:48] = points[0], points[1]
    landmarks[30], landmarks[48], landmarks[54] = points[2:]
    geometry = FaceGeometry(np.zeros(4, np.float32), landmarks, np.zeros((5, 2), np.float32))
    chip = ours.chip(photo, geometry)
    their_chip = theirs.alignCrop(np.ascontiguousarray(photo[..., ::-1]), face)
    assert np.abs(chip.astype(int) - their_chip[..., ::-1]).max() <= 2
    embedding = ours.embed(chip[None])
    expected = theirs.feature(np.ascontiguousarray(chip[..., ::-1]))
    np.testing.assert_allclose(embedding, expected, rtol=1e-3, atol=1e-3)
    other = ours.embed(chip[None, :, ::-1])
    score = theirs.match(expected, other, cv2.FaceRecognizerSF_FR_COSINE)
    assert ours.scores(embedding, other)[0] == pytest.approx(score, abs=1e-4)


@pytest.mark.parametrize("cls", PUBLISHED)
def test_one_command_fetches_it_and_the_digest_is_said_to_be_unverified(
    cls: type[PublishedOnnxRecogniser],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("UNMASK_BENCHMARK_MODELS", str(tmp_path / "models"))
    published = cls.model_file
    assert published is not None and published.url.startswith("https://") and published.sha256 == ""
    assert "; its SHA-256 is not verified" in cls.availability().reason
    site = tmp_path / "site"
    site.mkdir()
    net = stand_in(tmp_path / "net.onnx", cls, monkeypatch)
    name = published.url.rpartition("/")[2]
    if published.member:
        with zipfile.ZipFile(site / name, "w") as archive:
            archive.writestr("another.onnx", b"not wanted")
            archive.write(net, published.member)
    else:
        shutil.copy(net, site / name)
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(site))) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        here = replace(published, url=f"http://127.0.0.1:{http.server_port}/{name}")
        monkeypatch.setattr(cls, "model_file", here)
        assert main(["fetch"]) == 0
        assert "its SHA-256 is not verified, http://127.0.0.1" in capsys.readouterr().out
        assert main(["fetch", published.plugin, "--quiet"]) == 0
        http.shutdown()
    assert here.path.read_bytes() == net.read_bytes()
    assert sorted(path.suffix for path in here.path.parent.iterdir()) == [".lock", ".onnx", ".sha256"]
    assert "another SHA-256" in capsys.readouterr().err  # a stand-in is not what others state
    assert cls().embed(np.zeros((1, 112, 112, 3), np.uint8)).shape == (1, 128)
    here.path.write_bytes(b"changed")  # what was trusted first is remembered
    assert "is damaged or another file" in cls.availability().reason


def test_an_archive_without_the_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNMASK_BENCHMARK_MODELS", str(tmp_path / "models"))
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        archive.writestr("another.onnx", b"not wanted")
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path))) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        file = ModelFile("some-net", "net.onnx", f"http://127.0.0.1:{http.server_port}/pack.zip", member="net.onnx")
        with pytest.raises(PluginError, match=r"no zip archive with net\.onnx"):
            fetched(file, progress=Progress(quiet=True))
        http.shutdown()
    assert not list((tmp_path / "models").glob("*.part"))
