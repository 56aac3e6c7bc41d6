"""The report's table of detectors."""

from __future__ import annotations

from dataclasses import replace

from fake_run import DESCRIPTIONS, fake_run

from benchmark.reporting.detectors_table import detectors_table
from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.write_run import write_run
from benchmark.verification.base import MetricRow


def detector_rows(results, detector: str, iou: float, false_masks: float | None) -> list[MetricRow]:
    like = next(row for row in results.metrics if row.metric == "psnr_hole" and row.mask_type == "all")
    like = replace(
        like, method=detector, preset="default", train_data="", mask_source="detected", ci_low=None, n_failed=3
    )
    rows = [
        replace(like, condition="raw-masked", metric=metric, value=value, mask_type=kind)
        for metric, value in (
            ("mask_iou", iou),
            ("mask_precision", iou + 0.03),
            ("mask_recall", iou + 0.05),
            ("missed_masks", 0.02),
        )
        for kind in ("all", "cloth", "n95")
    ]
    if false_masks is not None:
        rows.append(replace(like, condition="raw-passthrough", metric="false_masks", value=false_masks))
    return rows


def test_detectors_are_ranked_by_overlap_and_are_no_methods(tmp_path):
    results = fake_run()
    before = ResultsIndex(results.metrics, results.cards, metrics=DESCRIPTIONS).entries
    rows = [
        *results.metrics,
        *detector_rows(results, "landmarks", 0.7, None),
        *detector_rows(results, "segmenter", 0.9, 0.01),
    ]
    index = ResultsIndex(rows, results.cards, metrics=DESCRIPTIONS)
    assert index.entries == before
    table = detectors_table(index)
    assert [row.label for row in table.rows] == ["segmenter", "landmarks"]
    assert [cell.text for cell in table.rows[0].cells] == ["90.0", "93.0", "95.0", "2.0", "1.0"]
    assert table.mask_types == ("cloth", "n95")
    assert [cell.text for cell in table.rows[0].by_type] == ["90.0", "90.0"]
    assert table.rows[1].cells[4].empty
    assert "no unmasked probes" in table.rows[1].cells[4].title
    page = write_run(replace(results, metrics=rows), tmp_path).read_text("utf-8")
    assert "How well the masks are found" in page
    assert 'href="#detectors"' in page


def test_without_detectors_there_is_no_table(tmp_path):
    results = fake_run()
    assert detectors_table(ResultsIndex(results.metrics, results.cards, metrics=DESCRIPTIONS)) is None
    assert "How well the masks are found" not in write_run(results, tmp_path).read_text("utf-8")
