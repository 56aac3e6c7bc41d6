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
