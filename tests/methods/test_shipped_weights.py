from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.cards import MethodCard
from benchmark.errors import StorageError
from benchmark.methods.shipped_weights import CARD, data_licences, with_data


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
