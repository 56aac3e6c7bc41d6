"""A folder named for the wrong data set: the error or the log says what it looks like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.datasets.layouts import looks_like
from benchmark.errors import RequestError
from benchmark.plugins import DATASETS


@pytest.mark.parametrize(
    ("sign", "name"),
    [
        ("Anno/identity_CelebA.txt", "celeba"),
        ("thumbnails128x128/00000/00000.png", "ffhq"),
        ("mfr2_labels.txt", "mfr2"),
        ("meta/ijbc_face_tid_mid.txt", "ijb"),
        ("lfw_funneled/x/x_0001.jpg", "lfw"),
        ("calfw.bin", "calfw"),
        ("pairs.csv", "pairs-csv"),
    ],
)
def test_what_it_looks_like(tmp_path: Path, sign: str, name: str) -> None:
    (tmp_path / sign).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / sign).write_bytes(b"x")
    assert looks_like(tmp_path) == f"; this looks like '{name}'"
    assert looks_like(tmp_path, but=name) == ""
    for other in ("celeba", "ffhq", "mfr2", "mlfw", "ijb", "lfw", "agedb-30"):
        if other != name:
            with pytest.raises(RequestError, match=f"this looks like '{name}'"):
                DATASETS.load(other)(tmp_path)


def test_a_folder_of_people_takes_anything_but_says_so(
    tmp_path: Path, write_photo: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    write_photo(tmp_path / "img_align_celeba" / "000001.jpg")
    DATASETS.load("folder")(tmp_path)
    assert "is read as one folder per person; this looks like 'celeba'" in caplog.text
