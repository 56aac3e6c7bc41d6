"""Who may be tested on whom."""

from __future__ import annotations

from typing import Any

import pytest

from benchmark.cards import DatasetCard
from benchmark.datasets.leakage import check_training_overlap
from benchmark.errors import PluginError, RequestError
from benchmark.plugins import DATASETS

CARDS = {
    "a": DatasetCard(overlaps=(("b", "disjoint"), ("c", "overlapping"), ("e", "disjoint")), sealed=("everybody",)),
    "b": DatasetCard(),
    "c": DatasetCard(),
    "d": DatasetCard(layout_only=True),
    "e": DatasetCard(overlaps=(("a", "overlapping"),)),
    "typo": DatasetCard(overlaps=(("a", "disjiont"),)),
}


def check(train: str, test: str, **changes: Any) -> str:
    given: dict[str, Any] = {
        "train_subjects": {"anna", "bert"},
        "test_protocol": "split",
        "test_subjects": {"carl"},
        "allow_unknown": False,
        "cards": CARDS,
    }
    return check_training_overlap(train_name=train, test_name=test, **(given | changes))


def test_one_data_set_with_other_people() -> None:
    assert check("a", "a") == "disjoint"


def test_shared_subjects_are_refused_by_name() -> None:
    with pytest.raises(RequestError, match="subject bert of 'a' would be used for both training and testing"):
        check("a", "a", test_subjects={"bert", "carl"}, allow_unknown=True)


def test_many_shared_subjects_are_counted() -> None:
    people = {f"s{n}" for n in range(9)}
    with pytest.raises(RequestError, match="subjects s0, s1, s2 and 6 more"):
        check("a", "a", train_subjects=people, test_subjects=people)


def test_sealed_protocol_is_refused_even_without_shared_subjects() -> None:
    with pytest.raises(RequestError, match="'everybody'"):
        check("a", "a", test_protocol="everybody", allow_unknown=True)


@pytest.mark.parametrize(("train", "test"), [("a", "b"), ("b", "a")])
def test_declared_disjoint_on_either_card(train: str, test: str) -> None:
    assert check(train, test) == "disjoint"


def test_equal_names_do_not_matter_where_sets_are_declared_disjoint() -> None:
    assert check("a", "b", test_subjects={"anna"}) == "disjoint"


@pytest.mark.parametrize(("train", "test"), [("a", "c"), ("c", "a"), ("a", "e"), ("e", "a")])
def test_overlapping_is_refused_and_the_graver_declaration_counts(train: str, test: str) -> None:
    with pytest.raises(RequestError, match="share people"):
        check(train, test, allow_unknown=True)


def test_unknown_needs_permission() -> None:
    with pytest.raises(RequestError, match="--allow-unknown-overlap"):
        check("d", "a")
    assert check("d", "a", allow_unknown=True) == "unknown-allowed"


def test_unknown_mentions_equal_names() -> None:
    with pytest.raises(RequestError, match=r"\(subject anna would be on both sides"):
        check("d", "a", test_subjects={"anna"})


def test_two_folders_of_one_layout_are_two_data_sets() -> None:
    with pytest.raises(RequestError, match="two folders read as 'd'"):
        check("d", "d", same_folder=False)
    assert check("d", "d", same_folder=False, allow_unknown=True) == "unknown-allowed"


def test_two_copies_of_one_data_set_are_one() -> None:
    with pytest.raises(RequestError, match="subject anna"):
        check("a", "a", test_subjects={"anna"}, same_folder=False, allow_unknown=True)
    with pytest.raises(RequestError, match="'everybody'"):
        check("a", "a", test_protocol="everybody", same_folder=False, allow_unknown=True)


def test_the_users_own_layouts_are_marked_so() -> None:
    marked = {name for name in ("folder", "manifest", "pairs-csv", "lfw", "faces-train") if _layout_only(name)}
    assert marked == {"folder", "manifest", "pairs-csv"}


def _layout_only(name: str) -> bool:
    return DATASETS.load(name).card.layout_only


def test_misspelt_declaration() -> None:
    with pytest.raises(RequestError, match="disjiont"):
        check("typo", "a", allow_unknown=True)


def test_the_registered_cards() -> None:
    assert check("faces-train", "lfw", cards=None) == "disjoint"
    for test in ("lfw", "folder", "pairs-csv"):
        assert check("synthetic", test, cards=None) == "disjoint"
    with pytest.raises(RequestError, match="view2"):
        check("lfw", "lfw", test_protocol="view2", cards=None)
    assert check("lfw", "lfw", test_protocol="people-split", cards=None) == "disjoint"
    with pytest.raises(RequestError, match="--allow-unknown-overlap"):
        check("folder", "lfw", cards=None)
    with pytest.raises((RequestError, PluginError), match="no-such-set"):
        check("no-such-set", "lfw", cards=None)
