"""Every data set tells where it comes from: in its card, and on a page of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.cards import DatasetCard
from benchmark.plugins import DATASETS

PAGES = Path(__file__).parents[2] / "datasets"


@pytest.mark.parametrize("name", DATASETS.names())
def test_card_and_page(name: str) -> None:
    card = DATASETS.load(name).card
    assert isinstance(card, DatasetCard)
    assert card.source
    assert card.licence
    assert card.layout
    unknown = {other for other, _ in card.overlaps} - set(DATASETS.names())
    assert not unknown, "an overlap is declared with a data set that does not exist"
    page = PAGES / ("synthetic-people/README.md" if name == "synthetic" else f"{name}.md")
    text = page.read_text("utf-8")
    for protocol in DATASETS.load(name).protocols:
        assert f"`{protocol}`" in text or "bin-sets.md" in text, f"{page.name} does not describe {protocol}"
    if (
        f"datasets/{name}.md" not in card.source
        and "user's own" not in card.source
        and name not in ("lfw", "synthetic")
    ):
        pytest.fail(f"the card of {name} does not point to {page.name}")
