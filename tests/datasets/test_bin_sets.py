"""InsightFace's .bin files, as Python 2 and 3 and NumPy write them, and what must never be read from one."""

from __future__ import annotations

import io
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmark.config import load_config
from benchmark.datasets.bin_sets import AgeDb30, BinPairs, CalFw, CfpFp, CpLfw
from benchmark.datasets.opening import open_dataset
from benchmark.errors import ImageRefused, RequestError
from benchmark.pipeline.planning.names import check_names

PAIRS = 40


def encoded(number: int, kind: str = "JPEG") -> bytes:
    """An aligned face's stand-in: 112×112 pixels that depend on `number`."""
    pixels = np.random.default_rng(number).integers(0, 256, (14, 14, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, quality=90)
    return file.getvalue()


IMAGES = [encoded(number) for number in range(2 * PAIRS)]
IMAGES[2] = IMAGES[1]  # the probe of pair 0 is the reference of pair 1
MATED = [row % 2 == 0 or row == 1 for row in range(PAIRS)]


def as_python_2(images: list[bytes], mated: list[bool]) -> bytes:
    """As cPickle of Python 2 writes it: protocol 2, its byte strings as BINSTRING."""
    parts = [b"\x80\x02]("]
    parts += [b"T" + struct.pack("<i", len(image)) + image for image in images]
    parts += [b"e]("] + [b"\x88" if same else b"\x89" for same in mated] + [b"e\x86."]
    return b"".join(parts)


def array(image: bytes) -> Any:
    return np.frombuffer(image, dtype=np.uint8).copy()


WRITERS: dict[str, Callable[[], bytes]] = {
    "python 2": lambda: as_python_2(IMAGES, MATED),
    **{f"protocol {n}": (lambda n=n: pickle.dumps((IMAGES, MATED), protocol=n)) for n in range(6)},
    **{
        f"arrays, protocol {n}": (lambda n=n: pickle.dumps(([array(image) for image in IMAGES], MATED), protocol=n))
        for n in (0, 2, 4, 5)
    },
    "numpy booleans": lambda: pickle.dumps((IMAGES, [np.bool_(same) for same in MATED])),
    "array of booleans": lambda: pickle.dumps((IMAGES, np.array(MATED))),
    "lists": lambda: pickle.dumps([tuple(IMAGES), tuple(MATED)]),
    "zeros and ones": lambda: pickle.dumps((IMAGES, [int(same) for same in MATED])),
    "numpy zeros and ones": lambda: pickle.dumps((IMAGES, [np.int64(same) for same in MATED])),
    **{
        f"array of {kind}, protocol {n}": (lambda kind=kind, n=n: pickle.dumps((IMAGES, np.array(MATED, kind)), n))
        for kind in ("i8", ">i4", "u1", ">u2")
        for n in (0, 2, 5)
    },
    "column of zeros and ones": lambda: pickle.dumps((IMAGES, np.array(MATED, "i4")[:, None])),
    **{
        f"images as {shape}, protocol {n}": (
            lambda shape=shape, n=n: pickle.dumps(([array(image).reshape(shape) for image in IMAGES], MATED), n)
        )
        for shape in ((-1, 1), (1, -1))
        for n in (0, 2, 5)
    },
    "byte arrays": lambda: pickle.dumps(([bytearray(image) for image in IMAGES], MATED), protocol=5),
    "old numpy": lambda: pickle.dumps(([array(image) for image in IMAGES], MATED), protocol=2).replace(
        b"numpy._core", b"numpy.core"
    ),
}


def dataset(folder: Path, content: bytes, kind: type[BinPairs] = AgeDb30, seed: int = 0) -> BinPairs:
    (folder / kind.file_name).write_bytes(content)
    return kind(folder, seed=seed)


@pytest.mark.parametrize("writer", WRITERS)
def test_every_way_to_write_it(tmp_path: Path, writer: str) -> None:
    protocol = (found := dataset(tmp_path, WRITERS[writer]())).protocol("listed")
    assert protocol.comparisons.mated.tolist() == MATED
    assert len(protocol.photos) == 2 * PAIRS - 1
    first = protocol.photos[protocol.comparisons.probe[0]]
    assert first.image_id == "agedb_30#1"
    expected = np.asarray(Image.open(io.BytesIO(IMAGES[1])).convert("RGB"))
    np.testing.assert_array_equal(found.read(first), expected)


def test_pairs_in_their_order(tmp_path: Path) -> None:
    protocol = dataset(tmp_path, pickle.dumps((IMAGES, MATED))).protocol("listed")
    ids = [photo.image_id for photo in protocol.photos]
    sides = [[ids[row] for row in column] for column in (protocol.comparisons.reference, protocol.comparisons.probe)]
    assert sides[0][:3] == ["agedb_30#0", "agedb_30#1", "agedb_30#4"]
    assert sides[1][:3] == ["agedb_30#1", "agedb_30#3", "agedb_30#5"]
    assert protocol.comparisons.fold.tolist() == np.repeat(np.arange(10), PAIRS // 10).tolist()
    assert protocol.folds == 10
    subject = {photo.image_id: photo.subject_id for photo in protocol.photos}
    assert subject["agedb_30#0"] == subject["agedb_30#1"] == subject["agedb_30#3"]  # linked through the shared image
    assert subject["agedb_30#4"] == subject["agedb_30#5"] != subject["agedb_30#0"]
    assert subject["agedb_30#6"] != subject["agedb_30#7"]


@pytest.mark.parametrize("kind", [CfpFp, AgeDb30, CalFw, CpLfw])
def test_each_set_reads_its_own_file(tmp_path: Path, kind: type[BinPairs]) -> None:
    with pytest.raises(RequestError, match=rf"no {kind.file_name} in .*; put InsightFace's file there|is empty"):
        kind(tmp_path)
    protocol = dataset(tmp_path, pickle.dumps((IMAGES, MATED)), kind).protocol("listed", limit=20)
    assert len(protocol.comparisons) == 20
    assert protocol.comparisons.mated.any()
    assert protocol.photos[0].image_id.startswith(Path(kind.file_name).stem + "#")


def test_any_file_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "door.bin"
    file.write_bytes(pickle.dumps((IMAGES, [int(same) for same in MATED])))
    config = load_config(None, {"dataset": f"bin:{file}"})
    check_names(config)
    found = open_dataset(config.dataset, config.data_root, config)
    protocol = found.protocol("listed")
    assert protocol.comparisons.mated.tolist() == MATED
    assert protocol.photos[0].image_id == "door#0"
    assert pickle.loads(pickle.dumps(found)).read(protocol.photos[0]).shape == (112, 112, 3)


@pytest.mark.parametrize(
    ("name", "root", "words"),
    [
        ("bin", None, "--dataset bin:FILE"),
        ("bin:", None, "--dataset bin:FILE"),
        ("bin:none.bin", None, "--dataset bin:none.bin: no such file"),
        ("bin:.", None, "a folder; name a file like"),
        ("bin:some.bin", Path("elsewhere"), "names its file, so that it takes no folder; leave out --data-root"),
    ],
)
def test_a_file_that_is_not_there_or_not_named(name: str, root: Path | None, words: str) -> None:
    config = load_config(None, {"dataset": name})
    with pytest.raises(RequestError) as caught:
        open_dataset(name, root, config)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_contradicting_links_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    images = [*IMAGES[:4], IMAGES[0], IMAGES[3], *IMAGES[6:]]  # pair 2 compares photos that pairs 0 and 1 link
    mated = [True, True, False, *MATED[3:]]
    protocol = dataset(tmp_path, pickle.dumps((images, mated))).protocol("listed")
    assert protocol.comparisons.mated.tolist() == mated
    assert "1 pairs are listed as non-mated though" in caplog.text


def test_digest_follows_the_bytes(tmp_path: Path) -> None:
    first = dataset(tmp_path, pickle.dumps((IMAGES, MATED)))
    before = first.digest(first.protocol("listed").photos)
    again = dataset(tmp_path, as_python_2(IMAGES, MATED))
    assert again.digest(again.protocol("listed").photos) == before
    changed = dataset(tmp_path, pickle.dumps(([*IMAGES[:-1], encoded(999)], MATED)))
    assert changed.digest(changed.protocol("listed").photos) != before


def test_works_in_another_process(tmp_path: Path) -> None:
    found = dataset(tmp_path, pickle.dumps((IMAGES, MATED)))
    photo = found.protocol("listed").photos[5]
    sent = pickle.dumps(found)
    assert len(sent) < 1000
    np.testing.assert_array_equal(pickle.loads(sent).read(photo), found.read(photo))


def test_a_damaged_image_is_a_failure_of_that_image(tmp_path: Path) -> None:
    images = [*IMAGES[:-1], IMAGES[-1][:200]]
    found = dataset(tmp_path, pickle.dumps((images, MATED)))
    damaged = found.protocol("listed").photos[-1]
    last = next(photo for photo in found.protocol("listed").photos if photo.image_id == f"agedb_30#{2 * PAIRS - 1}")
    assert damaged.image_id != ""
    with pytest.raises(ImageRefused):
        found.read(last)


class Order:
    """Runs a program when it is unpickled by an unrestricted reader."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("the-order-was-obeyed",)


REFUSED: dict[str, tuple[bytes, str]] = {
    "an order": (pickle.dumps((IMAGES, [*MATED[:-1], Order()])), "it holds an object 'posix.mkdir'|'nt.mkdir'"),
    "eval": (b"cbuiltins\neval\n(V1+1\ntR.", "it holds an object 'builtins.eval'"),
    "a name of two lines": (b"\x80\x04\x8c\x03a\nb\x8c\x01c\x93.", r"it holds an object 'a\\nb.c'"),
    "a place far away": (b"\x80\x02]r\xff\xff\xff\x7f.", "values beyond its own end"),
    "a frame too long": (b"\x80\x04\x95\xff\xff\xff\xff\xff\x00\x00\x00].", "values beyond its own end"),
    "bytes too long": (b"\x80\x04\x8e\xff\xff\xff\xff\xff\x00\x00\x00x.", "damaged or no pickle"),
    "a function changed": (
        b"\x80\x02cnumpy\ndtype\n}X\x01\x00\x00\x00xK\x01sb.",
        "an instruction that changes a function",
    ),
    "pixels": (pickle.dumps(([np.zeros((112, 112, 3), np.uint8)] * 2, [True])), "an array of shape"),
    "floats": (pickle.dumps(([np.zeros(9)] * 2, [True])), "an array of 'f8'"),
    "labels as floats": (pickle.dumps((IMAGES, np.zeros(PAIRS))), "an array of 'f8'"),
    "a table of labels": (pickle.dumps((IMAGES, np.zeros((2, PAIRS // 2), int))), "an array of shape"),
    "images of longs": (pickle.dumps(([np.zeros(9, "i8")] * 2, [True])), "image 0 is an array that holds no image"),
    "objects": (pickle.dumps((np.array([b"x", None], dtype=object), [True])), "an array of 'O8'"),
    "a dictionary": (pickle.dumps({"images": IMAGES}), "it holds a dict where a pair of lists"),
    "one list": (pickle.dumps(IMAGES), "it holds a list where a pair"),
    "numbers": (pickle.dumps((IMAGES, [0, 2] * (PAIRS // 2))), "comparison 1 is 2 where a boolean, 0 or 1"),
    "minus one": (pickle.dumps((IMAGES, np.array([-1] * PAIRS))), "comparison 0 is -1 where"),
    "words": (pickle.dumps((["image"] * 2, [True])), "image 0 is text that holds no image"),
    "bytes": (pickle.dumps(([IMAGES[0], b"hello"], [True])), "image 1 is 5 bytes that holds no image"),
    "too few": (pickle.dumps((IMAGES[:-1], MATED)), f"{2 * PAIRS - 1} images for {PAIRS} comparisons"),
    "nothing": (pickle.dumps(([], [])), "it lists no comparison"),
    "half a file": (pickle.dumps((IMAGES, MATED))[:5000], "values beyond its own end|damaged or no pickle"),
    "an archive": (b"PK\x03\x04" + bytes(100), "damaged or no pickle"),
    "an empty file": (b"", "damaged or no pickle"),
    "a reference": (b"\x80\x02K\x01Q.", "a reference to something outside"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_something_else_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content, words = REFUSED[name]
    with pytest.raises(RequestError, match=words) as caught:
        dataset(tmp_path, content)
    assert "\n" not in str(caught.value)
    assert "agedb_30.bin" in str(caught.value)
    assert not (tmp_path / "the-order-was-obeyed").exists()


def test_nobody_is_set_aside(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="--train-dataset"):
        dataset(tmp_path, pickle.dumps((IMAGES, MATED))).training_photos("train", protocol="listed")
