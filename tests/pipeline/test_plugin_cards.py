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


@pytest.fixture
def people(tmp_path: Path) -> Path:
    for number in range(4):
        photo = tmp_path / "people" / f"p{number // 2}" / f"{number}.png"
        photo.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((64, 64, 3), 50 * number, dtype=np.uint8)).save(photo)
    return tmp_path / "people"


@pytest.mark.parametrize("methods", ["adapt,segmenter+adapt,telea,landmarks+telea", "segmenter+adapt,adapt"])
def test_a_method_that_is_part_of_another_one_keeps_its_own_card(people: Path, methods: str) -> None:
    cards = cards_of(methods, dataset="folder", data_root=people, allow_unknown_overlap=True)
    for label in set(methods.split(",")) - {"landmarks+telea"}:
        assert cards[label].may_know_tested, label  # `telea` by its own detector, which learned from people
    assert cards["adapt"].saw_recognisers == cards["segmenter+adapt"].saw_recognisers == ("face_recognition",)
    if "landmarks+telea" in cards:
        assert not cards["landmarks+telea"].may_know_tested


@pytest.mark.parametrize(("member", "may_know"), [("telea", True), ("periocular", False)])
def test_a_combination_has_seen_what_its_members_have(
    tmp_path: Path, people: Path, member: str, may_know: bool
) -> None:
    file = tmp_path / "sum.yaml"
    file.write_text(yaml.safe_dump({"kind": "fusion", "members": ["none", member], "weights": [1.0, 1.0]}), "utf-8")
    cards = cards_of(f"fusion:{file}", dataset="folder", data_root=people, allow_unknown_overlap=True)
    label = next(name for name in cards if name.startswith("fusion:"))
    assert cards[member].may_know_tested == cards[label].may_know_tested == may_know
