"""What the adapters that read lists share: links, folds, names, line numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import KFold

from benchmark.datasets.listed_pairs import ListedPair, consecutive_folds, linked_people, some_pairs
from benchmark.datasets.names import refuse_lookalikes
from benchmark.datasets.text_lists import read_lines
from benchmark.errors import RequestError


@pytest.mark.parametrize(("count", "folds"), [(6000, 10), (7000, 10), (23, 10), (12, 3)])
def test_folds_are_those_of_scikit_learn(count: int, folds: int) -> None:
    expected = np.full(count, -1)
    for fold, (_, rows) in enumerate(KFold(folds, shuffle=False).split(np.zeros(count))):
        expected[rows] = fold
    np.testing.assert_array_equal(consecutive_folds(count, folds), expected)


def test_people_are_linked_through_others() -> None:
    pairs = [ListedPair("c", "b", True), ListedPair("e", "d", True), ListedPair("b", "a", True)]
    pairs += [ListedPair("a", "f", False), ListedPair("d", "c", False)]
    assert linked_people(pairs) == {"a": "a", "b": "a", "c": "a", "d": "d", "e": "d", "f": "f"}


def test_a_limit_takes_from_every_fold_and_kind() -> None:
    pairs = [ListedPair(f"r{row}", f"p{row}", row % 2 == 0, fold=row // 4) for row in range(40)]
    kept = some_pairs(pairs, 20, seed=3)
    assert sorted((pair.fold, pair.mated) for pair in kept) == [(fold, kind) for fold in range(10) for kind in (0, 1)]
    assert some_pairs(pairs, None, seed=3) == some_pairs(pairs, 100, seed=3) == pairs


def test_lines_of_any_make(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes("\ufeffZoë 1 2\r\n\r\nBo\t3\t 4 \r\n  \r\n".encode())
    assert list(read_lines(tmp_path / "list.txt", remedy="")) == [(1, ["Zoë", "1", "2"]), (3, ["Bo", "3", "4"])]
    (tmp_path / "list.txt").write_bytes(b"Jo, 1, no-mask\n")
    assert list(read_lines(tmp_path / "list.txt", remedy="", separator=",")) == [(1, ["Jo", "1", "no-mask"])]


@pytest.mark.parametrize("name", ["absent.txt", "latin.txt"])
def test_a_list_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "latin.txt").write_bytes(b"Zo\xeb 1 2\n")
    with pytest.raises(RequestError, match="replace it"):
        list(read_lines(tmp_path / name, remedy="replace it"))


def test_lookalikes() -> None:
    refuse_lookalikes(["a", "b", "a"], what="photos", where="here")
    with pytest.raises(RequestError, match="'STRASSE' and 'Straße'"):
        refuse_lookalikes(["STRASSE", "x", "Straße"], what="people", where="here")
