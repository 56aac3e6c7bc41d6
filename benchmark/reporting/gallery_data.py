"""What the gallery of the page is built from, as JSON text: pairs, verdicts, and each picture once."""

from __future__ import annotations

import json
from typing import Any

from benchmark.reporting.formatting import MINUS, number
from benchmark.reporting.formatting import target as target_text
from benchmark.reporting.judged_pairs import Gallery, JudgedMethod, JudgedPair, Picture, Verdict
from benchmark.reporting.picture_address import picture_address
from benchmark.reporting.results_index import ResultsIndex, entry_of, panel_of, panel_title

_SIDE = 96  # pixels inside the report
_QUALITY = 72


def gallery_json(index: ResultsIndex, gallery: Gallery | None) -> str | None:
    """``{"target", "methods", "pictures"}``; None where there is nothing to show.

    Each of `methods` has ``recogniser``, ``name``, ``kind``, ``thresholds`` (before and after, as text), ``counts`` (a
    sentence) and ``pairs``; a pair has ``change``, ``mated``, ``subjects``, ``images``, ``mask`` and twice, before and
    after, ``{score, accepted, reference, probe}``, whose pictures are places in `pictures` (``data:`` addresses).
    """
    if gallery is None or not any(method.pairs for method in gallery.methods):
        return None
    places = {name: place for place, name in enumerate(gallery.pictures)}
    data = {
        "target": target_text(gallery.methods[0].target),
        "methods": [_method(index, method, places) for method in gallery.methods],
        "pictures": [picture_address(picture, side=_SIDE, quality=_QUALITY) for picture in gallery.pictures.values()],
    }
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def _method(index: ResultsIndex, method: JudgedMethod, places: dict[Picture, int]) -> dict[str, Any]:
    entry, counts = entry_of(method.cell), method.counts
    told = (
        f"Of {number(counts['sample'], 0)} mated comparisons it rescues {number(counts['rescue'], 0)} that were "
        f"rejected with the mask on; {number(counts['failure'], 0)} are rejected, {number(method.worsened, 0)} of them "
        f"accepted before, and {number(method.failed, 0)} have no score. It creates "
        f"{number(counts['false match'], 0)} false matches that there were not before."
    )
    return {
        "recogniser": panel_title(index, panel_of(method.cell)),
        "name": index.label(entry),
        "kind": index.kind(entry),
        "thresholds": [_number(threshold) for threshold in method.thresholds],
        "counts": told,
        "pairs": [_pair(pair, places) for pair in method.pairs],
    }


def _number(value: float) -> str:
    return f"{value:#.4g}".replace("-", MINUS)


def _pair(pair: JudgedPair, places: dict[Picture, int]) -> dict[str, Any]:
    return {
        "change": pair.change,
        "mated": pair.mated,
        "subjects": pair.subjects,
        "images": pair.image_ids,
        "mask": pair.mask_type,
        "before": _verdict(pair.before, places),
        "after": {**_verdict(pair.after, places), "reason": pair.reason},
    }


def _verdict(verdict: Verdict, places: dict[Picture, int]) -> dict[str, Any]:
    return {
        "score": None if verdict.score is None else _number(verdict.score),
        "accepted": verdict.accepted,
        "reference": None if verdict.reference is None else places[verdict.reference],
        "probe": None if verdict.probe is None else places[verdict.probe],
    }
