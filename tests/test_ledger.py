"""What the ledger counts, beside what it lists."""

from __future__ import annotations

from benchmark.faces import Photo
from benchmark.ledger import CLIPPED, Ledger


def test_faces_with_clipped_values_are_counted_by_method_over_masked_and_bare_ones() -> None:
    photos = [Photo(name, "anna", name) for name in "abc"]
    ledger = Ledger()
    fine, clipped, failed = {"seconds": 0.1}, {"parameters": CLIPPED}, {"reason": "no valid image"}
    for variant, records in (
        ("mine (unmask)", [fine, clipped, failed]),
        ("mine (pass through)", [clipped, fine, fine]),
        ("other (one) (unmask)", [fine, clipped, fine]),
        ("calm (unmask)", [fine, fine, fine]),
    ):
        ledger.of_arm("oracle").add(photos, records, role="test", step="unmask", variant=variant)
    assert ledger.values_clipped() == {"mine": (2, 5), "other (one)": (1, 3)}


def test_what_is_entered_again_stands_there_once() -> None:
    photos = [Photo(name, "anna", name) for name in "ab"]
    ledger = Ledger()
    for arm in ("oracle", "redetect", "oracle"):
        for records in ([{}, {"reason": "no face found"}], [{}, {"reason": "no face found"}]):
            ledger.of_arm(arm).add(photos, records, role="test", step="detect", variant="segmenter (masked)")
    table = ledger.table()
    assert list(table["image_id"]) == ["a", "b", "a", "b"]
    assert list(table["acquisition"]) == ["oracle", "oracle", "redetect", "redetect"]
