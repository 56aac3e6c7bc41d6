"""What the gallery of the page is built from."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_run import drawn_face
from PIL import Image

from benchmark.reporting.gallery_data import gallery_json
from benchmark.reporting.judged_pairs import Gallery, JudgedMethod, JudgedPair, Verdict
from benchmark.reporting.picture_address import picture_address
from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.run_results import RunResults
from benchmark.reporting.write_run import write_run

NASTY = "</div><script>alert(1)</script>"


@pytest.fixture(scope="module")
def gallery(small_run: RunResults) -> Gallery:
    cell = next(
        curve.cell
        for curve in small_run.curves
        if curve.cell.method == "telea" and curve.cell.condition == "raw-restored"
    )
    before = Verdict(0.31234, False, ("raw", 0), ("masked", 4))
    rescue = JudgedPair(
        "rescue", True, ("anna", "anna"), ("a/1", "a/2"), "kn95", before, Verdict(0.61, True, ("raw", 0), ("telea", 4))
    )
    failure = JudgedPair(
        "failure",
        True,
        (NASTY, NASTY),
        ("b/1", "b/2"),
        "cloth",
        before,
        Verdict(None, False, ("raw", 0), None),
        "no face found",
    )
    counts = {"rescue": 1, "failure": 1, "false match": 0, "sample": 7}
    method = JudgedMethod(cell, 1e-3, (0.4, 0.45), counts, 0, 1, (rescue, failure))  # type: ignore[arg-type]
    pictures = {name: drawn_face(48, place) for place, name in enumerate([("raw", 0), ("masked", 4), ("telea", 4)])}
    return Gallery((method,), pictures)


def _data(small_run: RunResults, gallery: Gallery) -> dict[str, Any]:
    text = gallery_json(ResultsIndex(small_run.metrics, small_run.cards, small_run.notes), gallery)
    assert text is not None
    found: dict[str, Any] = json.loads(text)
    return found


def test_each_pair_has_score_threshold_and_verdict_before_and_after(small_run: RunResults, gallery: Gallery) -> None:
    data = _data(small_run, gallery)
    (method,) = data["methods"]
    assert (method["recogniser"], method["name"], method["kind"]) == ("facenet", "telea", "baseline")
    assert method["thresholds"] == ["0.4000", "0.4500"] and "Of 7 mated comparisons it rescues 1" in method["counts"]
    rescue, failure = method["pairs"]
    assert rescue["before"] == {"score": "0.3123", "accepted": False, "reference": 0, "probe": 1}
    assert rescue["after"]["accepted"] and rescue["after"]["probe"] == 2 and rescue["mask"] == "kn95"
    assert failure["after"] == {
        "score": None,
        "accepted": False,
        "reference": 0,
        "probe": None,
        "reason": "no face found",
    }


def test_every_picture_is_there_once_and_small(small_run: RunResults, gallery: Gallery) -> None:
    pictures = _data(small_run, gallery)["pictures"]
    assert len(pictures) == len(gallery.pictures)
    big = picture_address(np.repeat(np.repeat(drawn_face(48, 1), 4, axis=0), 4, axis=1), side=96, quality=72)
    with Image.open(io.BytesIO(base64.b64decode(big.partition(",")[2]))) as picture:
        assert picture.size == (96, 96)
    assert len(big) < 6_000


def test_the_page_has_a_gallery_only_where_the_run_has_one(
    small_run: RunResults, gallery: Gallery, tmp_path: Path
) -> None:
    bare = replace(small_run, curves=[], losses={}, examples=[])
    without = write_run(bare, tmp_path / "without").read_text(encoding="utf-8")
    assert "data-gallery=" not in without and 'href="#gallery"' not in without
    page = write_run(replace(bare, gallery=gallery), tmp_path / "with").read_text(encoding="utf-8")
    (held,) = re.findall(r'data-gallery="([^"]*)"', page)
    assert json.loads(html.unescape(held))["methods"] and 'href="#gallery"' in page
    assert NASTY not in page


def test_no_pair_is_no_gallery(small_run: RunResults, gallery: Gallery) -> None:
    index = ResultsIndex(small_run.metrics, small_run.cards, small_run.notes)
    assert gallery_json(index, None) is None
    assert gallery_json(index, Gallery((replace(gallery.methods[0], pairs=()),), {})) is None
