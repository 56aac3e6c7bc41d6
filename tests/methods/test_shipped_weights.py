from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.cards import MethodCard
from benchmark.cli.list_plugins import declared_row
from benchmark.errors import StorageError
from benchmark.methods.shipped_weights import CARD, data_licences, shipped_folders, with_data
from benchmark.plugins import METHODS


def test_data_and_licences_are_those_of_the_card(tmp_path: Path) -> None:
    (tmp_path / CARD).write_text('{"trained_on": {"people": "CC0-1.0", "lfw": "research"}, "unknown": [1]}', "utf-8")
    assert data_licences(tmp_path) == {"people": "CC0-1.0", "lfw": "research"}


@pytest.mark.parametrize("content", [None, "", "{}", "[1]", '{"trained_on": ["people"]}', "[" * 100_000, "\udcff"])
def test_a_damaged_card_is_one_line(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / CARD).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(StorageError, match="does not say what the weights were trained on") as failure:
        data_licences(tmp_path)
    assert "\n" not in str(failure.value)


def test_the_licence_of_the_data_is_said_beside_that_of_the_code() -> None:
    card = with_data(MethodCard(licence="MIT"), {"people": "CC0-1.0", "lfw": "research"})
    assert card.trained_on == ("people", "lfw")
    assert card.licence == "code MIT; weights: people: CC0-1.0; lfw: research"


def test_an_adapters_weights_are_found_below_the_recognisers_that_they_were_fitted_to(tmp_path: Path) -> None:
    for name in ("adapt/default/mine/64", "adapt/default/yours/64", "adapt/default/yours/128", "glcic/tuned/64"):
        (tmp_path / name).mkdir(parents=True)
    found = shipped_folders("adapt", "default", 128, root=tmp_path)
    assert [folder.relative_to(tmp_path).as_posix() for folder in found] == [
        "adapt/default/mine/64",
        "adapt/default/yours/128",
    ]
    assert shipped_folders("glcic", "tuned", 64, root=tmp_path) == [tmp_path / "glcic/tuned/64"]
    assert shipped_folders("telea", "default", 64, root=tmp_path) == []


@pytest.mark.parametrize("name", ["gan-prior", "adapt"])
def test_methods_that_use_anothers_weights_or_one_for_each_recogniser_name_their_data(name: str) -> None:
    row = declared_row(name, METHODS)
    assert row is not None
    assert "faces-train" in row["trained_on"]
    assert row["licence"].startswith("code MIT; ") and "weights: faces-train: research" in row["licence"]
