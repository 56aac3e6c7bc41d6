"""What the report says a method, its parts and its members have seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from benchmark.cards import MethodCard
from benchmark.config import load_config
from benchmark.pipeline.planning.plan import make_plan
from benchmark.pipeline.plugin_cards import plugin_cards


def cards_of(methods: str, **settings: object) -> dict[str, MethodCard]:
    asked = {"methods": methods, "recognisers": "face_recognition", "limit": 4, "workers": 1, "quiet": True}
    cards = plugin_cards(make_plan(load_config(None, {**asked, **settings}), writes=False))
    return {name: card for name, card in cards.items() if isinstance(card, MethodCard)}


def test_a_method_has_seen_what_its_parts_have() -> None:
    cards = cards_of("gan-prior,landmarks+glcic,telea,adapt")
    assert "faces-train" in cards["gan-prior"].trained_on  # the search learns nothing, its generator does
    assert "faces-train" in cards["gan-prior"].licence
    assert "faces-train" in cards["landmarks+glcic"].trained_on
    assert cards["adapt"].trained_on == ("faces-train",)  # whose weights have a label of their own
    assert cards["gan-prior"].learns and cards["landmarks+glcic"].learns and cards["segmenter"].learns
    assert not cards["telea"].learns  # its detector alone does


@pytest.mark.parametrize(("member", "may_know"), [("telea", True), ("periocular", False)])
def test_a_combination_has_seen_what_its_members_have(tmp_path: Path, member: str, may_know: bool) -> None:
    for number in range(4):
        photo = tmp_path / "people" / f"p{number // 2}" / f"{number}.png"
        photo.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((64, 64, 3), 50 * number, dtype=np.uint8)).save(photo)
    file = tmp_path / "sum.yaml"
    file.write_text(yaml.safe_dump({"kind": "fusion", "members": ["none", member], "weights": [1.0, 1.0]}), "utf-8")
    cards = cards_of(f"fusion:{file}", dataset="folder", data_root=tmp_path / "people", allow_unknown_overlap=True)
    label = next(name for name in cards if name.startswith("fusion:"))
    assert cards[member].may_know_tested == cards[label].may_know_tested == may_know
