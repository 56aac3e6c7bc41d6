"""What `--recognisers` and `--weights` mean."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from benchmark.errors import PluginError, PluginNotMade, RequestError
from benchmark.model_files import ModelFile
from benchmark.named_weights import named_weights
from benchmark.plugins import RECOGNISERS
from benchmark.recognisers import resolve
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.resolve import recogniser_label, resolve_recogniser, resolve_recognisers


class Dummy(Recogniser):
    """A recogniser without a network."""

    def chip(self, image, face):  # type: ignore[no-untyped-def]
        return image

    def embed(self, chips):  # type: ignore[no-untyped-def]
        return np.ones((len(chips), 2), np.float32)


class FromFile(Dummy):
    """Takes a file."""

    model_file = ModelFile("from-file", "net.bin", "http://127.0.0.1:9/net.bin", megabytes=0.23)


class Unlucky(Dummy):
    """Needs a package that nobody has."""

    needs: ClassVar[Mapping[str, str]] = {"no_such_package_at_all": "pip install it"}


@pytest.fixture(autouse=True)
def three_recognisers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Only dummies are registered; no file is in the cache folder."""
    monkeypatch.setenv("UNMASK_BENCHMARK_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(RECOGNISERS, "_entries", {})
    monkeypatch.setattr(RECOGNISERS, "_scanned", True)
    for name, cls in (("plain", Dummy), ("from-file", FromFile), ("unlucky", Unlucky)):
        RECOGNISERS.register(name)(cls)
    yield


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def other_doors(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Stands where `onnx:FILE` and `MODULE:ATTR` lead; holds what they were given."""
    calls: list[tuple[object, ...]] = []

    def build(what, *, device, precision, weights):  # type: ignore[no-untyped-def]
        calls.append((what, device, precision, weights))
        return Dummy(device=device, precision=precision)

    module = types.ModuleType("stand_in_for_test")
    module.Build = build  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "stand_in_for_test", module)
    monkeypatch.setattr(resolve, "_FROM_FILE", "stand_in_for_test:Build")
    monkeypatch.setattr(resolve, "_FROM_MODULE", "stand_in_for_test:Build")
    return calls


def test_all_takes_what_works_here_and_says_what_it_leaves_out() -> None:
    found = resolve_recognisers(["all"], weights={})
    assert list(found.ready) == ["plain"] == list(found.texts)
    assert found.left_out == {
        "from-file": "its weights are not here: python run_benchmark.py fetch from-file (0.2 MB; its SHA-256 "
        "is not verified), or name the file "
        "with --weights from-file=net.bin",
        "unlucky": "the package no_such_package_at_all is not installed: pip install it",
    }


def test_all_takes_a_recogniser_whose_file_is_named(file: Path) -> None:
    found = resolve_recognisers(["all"], weights={"from-file": file})
    assert list(found.ready) == ["from-file", "plain"]
    assert found.ready["from-file"].weights == file


def test_all_and_a_file_side_by_side(file: Path, other_doors: list[tuple[object, ...]]) -> None:
    found = resolve_recognisers(["all", f"onnx:{file}", "plain", "my_net:build"], weights={}, precision="bfloat16")
    assert list(found.ready) == ["plain", "onnx:mine.onnx", "my_net:build"]
    assert found.texts == ("plain", f"onnx:{file}", "my_net:build")
    assert other_doors == [(file, "cpu", "bfloat16", None), ("my_net:build", "cpu", "bfloat16", None)]


def test_a_module_takes_weights(file: Path, other_doors: list[tuple[object, ...]]) -> None:
    named = named_weights([f"./net.py:build={file}"], ["./net.py:build"])
    resolve_recognisers(["./net.py:build"], weights=named.recognisers)
    assert other_doors == [("./net.py:build", "cpu", "float32", file)]


def test_two_files_of_one_name_are_told_apart(file: Path, other_doors: list[tuple[object, ...]]) -> None:
    second = file.parent / "b" / file.name
    second.parent.mkdir()
    second.write_bytes(b"others")
    with pytest.raises(RequestError, match=r"would both be called 'onnx:mine\.onnx'; rename one file"):
        resolve_recognisers([f"onnx:{file}", f"onnx:{second}"], weights={})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("onnx:none.onnx", "no such file"),
        ("none.onnx", "a file is named as onnx:FILE"),
        (r"C:\faces\net.onnx", "a file is named as onnx:FILE"),
        ("C:/faces/net.onnx", "a file is named as onnx:FILE"),
        (r"onnx:C:\faces\net.onnx", "no such file"),
        ("plian", "did you mean 'plain'"),
        ("unlucky", "'unlucky' does not work here: the package no_such_package_at_all is not installed"),
    ],
)
def test_a_wrong_name_is_one_clear_line(text: str, complaint: str) -> None:
    with pytest.raises(RequestError, match=complaint) as caught:
        resolve_recogniser(text)
    assert "\n" not in str(caught.value)


def test_a_named_recogniser_is_fetched_and_without_network_says_what_to_do() -> None:
    with pytest.raises(PluginError, match=r"127\.0\.0\.1:9/net\.bin could not be downloaded .* --weights from-file="):
        resolve_recogniser("from-file")


def test_weights_of_a_recogniser_that_is_not_asked_for_are_an_error(file: Path) -> None:
    with pytest.raises(RequestError, match="--weights from-file: --recognisers plain does not ask for it"):
        resolve_recognisers(["plain"], weights={"from-file": file})


def test_weights_for_a_recogniser_that_takes_none_are_an_error(file: Path) -> None:
    for asked in ("plain", "all"):
        with pytest.raises(RequestError, match="'plain' does not work here: it takes no file; leave --weights out"):
            resolve_recognisers([asked], weights={"plain": file})


def test_no_recogniser_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RECOGNISERS, "_entries", {})
    with pytest.raises(RequestError, match="no recogniser works here"):
        resolve_recognisers(["all"], weights={})


def test_labels_of_windows_paths() -> None:
    assert recogniser_label(r"onnx:C:\faces\net.onnx") == "onnx:net.onnx"


def test_weights_go_to_who_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.named_weights.DETECTOR_FILES", {"some-detector": "x:Y"})
    named = named_weights(["from-file=a=b.bin", "some-detector=d.onnx", "glcic:small=trained/glcic"], ["all"])
    assert dict(named.recognisers) == {"from-file": Path("a=b.bin")}
    assert dict(named.detectors) == {"some-detector": Path("d.onnx")}
    assert dict(named.parts) == {"glcic:small": Path("trained/glcic")}


@pytest.mark.parametrize("text", ["from-file", "=x", "from-file="])
def test_weights_need_a_name_and_a_path(text: str) -> None:
    with pytest.raises(RequestError, match="write NAME=PATH"):
        named_weights([text])


def test_weights_named_twice_are_an_error() -> None:
    with pytest.raises(RequestError, match=r"two paths for 'from-file': a\.bin and b\.bin"):
        named_weights(["from-file=a.bin", "from-file=a.bin", "from-file=b.bin"])


def test_one_whose_constructor_raises_leaves_the_others_alone() -> None:
    class Unmade(Dummy):
        """Cannot be made."""

        def __init__(self, **_: object) -> None:
            raise SystemExit

    RECOGNISERS.register("unmade")(Unmade)
    found = resolve_recognisers(["unmade", "plain"], weights={})
    assert list(found.ready) == ["plain"]
    assert found.texts == ("plain",)
    assert "'unmade' cannot be made: it raised SystemExit" in found.not_made["unmade"]
    with pytest.raises(PluginNotMade, match="'unmade' cannot be made"):
        resolve_recognisers(["unmade"], weights={})
