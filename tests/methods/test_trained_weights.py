from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.config import RunConfig
from benchmark.datasets.base import Comparisons, Protocol
from benchmark.errors import RequestError, StorageError
from benchmark.faces import Photo
from benchmark.methods.base import Method
from benchmark.methods.resolve import resolve_method
from benchmark.methods.trained_weights import TrainedWeights, WeightsCard, shipped_weights, write_card
from benchmark.pipeline.planning.chosen_weights import check_weights, choose_weights, train_data, untrained


def card(**changes: object) -> WeightsCard:
    values = {
        "method": "mean-face",
        "preset": "default",
        "side": 64,
        "trained_on": {"synthetic": "MIT"},
        "pairs": 20,
        "masks": ("cloth",),
        "steps": None,
        "seconds": None,
        "device": "x86_64",
        "seed": 0,
        "command": "python run_benchmark.py train --method mean-face",
        "parameters": {},
        "version": "0",
    }
    return WeightsCard.model_validate({**values, **changes})


def stored(folder: Path, people: dict[str, set[str]], **changes: object) -> TrainedWeights:
    folder.mkdir(parents=True, exist_ok=True)
    write_card(folder, card(trained_on=dict.fromkeys(people, "MIT"), **changes), people)
    return TrainedWeights(folder)


def protocol(*subjects: str) -> Protocol:
    photos = tuple(Photo(f"{subject}-0", subject, "") for subject in subjects)
    return Protocol("probes", photos, Comparisons(*([] for _ in range(4))))  # type: ignore[arg-type]


def test_a_card_comes_back_as_it_was_written(tmp_path: Path) -> None:
    people = {"synthetic": {"anna", "bob"}, "lfw": {"Ærø_Ö"}}
    weights = stored(tmp_path, people)
    assert weights.card == card(trained_on={"synthetic": "MIT", "lfw": "MIT"})
    assert weights.people() == people
    assert weights.card.train_data == "synthetic+lfw"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"method": "mean-face"}'])
def test_a_damaged_card_is_an_error_that_names_the_file(tmp_path: Path, damage: str) -> None:
    weights = stored(tmp_path, {"synthetic": {"anna"}})
    (tmp_path / "card.json").write_text(damage, "utf-8")
    with pytest.raises(StorageError, match=r"card\.json cannot be read"):
        _ = TrainedWeights(weights.folder).card


def test_people_of_an_undeclared_data_set_are_an_error(tmp_path: Path) -> None:
    weights = stored(tmp_path, {"synthetic": {"anna"}})
    (tmp_path / "people.txt").write_text("elsewhere\tanna\n", "utf-8")
    with pytest.raises(StorageError, match=r"people\.txt"):
        weights.people()


def test_a_stage_that_continues_another_carries_its_data_cost_and_command():
    first = card(trained_on={"lfw": "research"}, steps=100, seconds=5.0, command="first")
    second = card(trained_on={"synthetic": "MIT"}, steps=20, seconds=1.5, command="second --start-from DIR")
    both = second.continuing(first)
    assert set(both.trained_on) == {"lfw", "synthetic"}
    assert (both.steps, both.seconds) == (120, 6.5)
    assert both.command == "first --out DIR && second --start-from DIR"
    unknown = second.continuing(card(steps=None, seconds=None, command=""))
    assert (unknown.steps, unknown.seconds, unknown.command) == (None, None, second.command)


def test_the_digest_changes_with_the_weights_and_not_with_the_card(tmp_path: Path) -> None:
    weights = stored(tmp_path, {"synthetic": {"anna"}})
    (tmp_path / "weights.json").write_text("{}", "utf-8")
    first = TrainedWeights(weights.folder).sha256
    stored(tmp_path, {"synthetic": {"carla"}})
    assert TrainedWeights(weights.folder).sha256 == first
    (tmp_path / "weights.json").write_text("{ }", "utf-8")
    assert TrainedWeights(weights.folder).sha256 != first


@pytest.mark.parametrize(("size", "side"), [(64, "64"), (100, "64"), (128, "128"), (512, "128"), (32, "64")])
def test_the_largest_side_that_the_crops_can_feed_is_chosen(tmp_path: Path, size: int, side: str) -> None:
    for name in ("64", "128", "notes"):
        (tmp_path / "glcic" / "tuned" / name).mkdir(parents=True)
    found = shipped_weights("glcic", "tuned", size, root=tmp_path)
    assert found is not None
    assert found.folder.name == side
    assert shipped_weights("glcic", "paper", size, root=tmp_path) is None
    assert shipped_weights("telea", "default", size, root=tmp_path / "absent") is None


def test_weights_that_saw_a_tested_person_are_refused_by_name(tmp_path: Path) -> None:
    weights = {"mean-face": stored(tmp_path, {"synthetic": {"anna", "bob"}})}
    config = RunConfig(dataset="synthetic")
    checked = check_weights(_mean_face(), weights, config, protocol("carla"), named=set())
    assert checked.overlap == {"mean-face": "disjoint"}
    with pytest.raises(RequestError, match=r"bob.*--retrain"):
        check_weights(_mean_face(), weights, config, protocol("bob", "carla"), named=set())


def test_weights_of_unknown_people_need_permission(tmp_path: Path) -> None:
    weights = {"mean-face": stored(tmp_path, {"folder": {"anna"}})}
    methods = _mean_face()
    with pytest.raises(RequestError, match="--allow-unknown-overlap"):
        check_weights(methods, weights, RunConfig(dataset="lfw"), protocol("bob"), named=set(methods))
    allowed = RunConfig(dataset="lfw", allow_unknown_overlap=True)
    checked = check_weights(methods, weights, allowed, protocol("bob"), named=set(methods))
    assert checked.overlap == {"mean-face": "unknown-allowed"}
    assert checked.methods == methods


def test_weights_of_one_folder_of_photos_are_unknown_to_another(tmp_path: Path) -> None:
    """Weights do not say which folder they learned from: only equal names tell that it is the same people."""
    weights = {"mean-face": stored(tmp_path, {"folder": {"anna"}})}
    methods = _mean_face()
    with pytest.raises(RequestError, match="two folders read as 'folder'"):
        check_weights(methods, weights, RunConfig(dataset="folder"), protocol("bob"), named=set(methods))
    allowed = RunConfig(dataset="folder", allow_unknown_overlap=True)
    checked = check_weights(methods, weights, allowed, protocol("bob"), named=set(methods))
    assert checked.overlap == {"mean-face": "unknown-allowed"}
    with pytest.raises(RequestError, match=r"anna.*would be used for both training and testing"):
        check_weights(methods, weights, allowed, protocol("anna", "bob"), named=set(methods))


def test_a_method_of_unknown_people_is_left_out_where_nobody_named_it(tmp_path: Path) -> None:
    weights = {"mean-face": stored(tmp_path, {"folder": {"anna"}})}
    other = resolve_method("true-mask+telea")
    methods = {**_mean_face(), other.label: other}
    checked = check_weights(methods, weights, RunConfig(dataset="lfw"), protocol("bob"), named={other.label})
    assert checked.methods == {other.label: other}
    assert (checked.weights, checked.overlap) == ({}, {})
    (reason,) = checked.left_out.values()
    assert "'folder' and 'lfw' share people" in reason and "--allow-unknown-overlap" in reason


def _mean_face() -> dict[str, Method]:
    method = resolve_method("true-mask+mean-face")
    return {method.label: method}


def test_named_weights_come_before_shipped_ones_and_must_fit(tmp_path: Path) -> None:
    method = resolve_method("true-mask+mean-face")
    weights = stored(tmp_path / "mine", {"synthetic": {"anna"}})
    named = RunConfig(weights=(f"mean-face={weights.folder}",))
    assert choose_weights([method], named)["mean-face"].folder == weights.folder
    assert choose_weights([method], RunConfig(retrain=True)) == {}
    other = stored(tmp_path / "other", {"synthetic": {"anna"}}, method="glcic")
    with pytest.raises(RequestError, match="belong to 'glcic'"):
        choose_weights([method], RunConfig(weights=(f"mean-face={other.folder}",)))
    with pytest.raises(RequestError, match="NAME=PATH"):
        choose_weights([method], RunConfig(weights=("mean-face",)))
    with pytest.raises(StorageError, match=r"card\.json"):
        choose_weights([method], RunConfig(weights=(f"mean-face={tmp_path / 'nowhere'}",)))


def test_what_a_method_learned_from_is_the_union_of_its_parts(tmp_path: Path) -> None:
    method = resolve_method("segmenter+mean-face")
    weights = {"segmenter": stored(tmp_path, {"faces-train": {"a"}, "synthetic": {"b"}}, method="segmenter")}
    assert train_data(method, weights, "synthetic") == "faces-train+synthetic"
    assert train_data(resolve_method("true-mask+telea"), weights, "synthetic") == ""


def test_all_leaves_out_networks_without_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    method = resolve_method("true-mask+glcic")
    monkeypatch.setattr("benchmark.methods.shipped_weights.embedded", tmp_path.joinpath)
    assert untrained(method, RunConfig()) == "glcic"
    assert untrained(method, RunConfig(retrain=True)) == ""
    assert untrained(method, RunConfig(weights=("glcic=somewhere",))) == ""
    assert untrained(resolve_method("true-mask+telea"), RunConfig()) == ""
    (tmp_path / "weights" / "glcic" / method.preset / "64").mkdir(parents=True)
    assert untrained(method, RunConfig()) == ""


def test_people_whose_names_hold_ends_of_lines_are_listed(tmp_path: Path) -> None:
    people = {"folder": {"a\nb", "a\\nb", "a\rb", "a\u2028b", "a\\"}}
    assert stored(tmp_path, people).people() == people


def test_a_card_that_a_text_editor_marked_is_read_and_a_strange_one_is_one_line(tmp_path: Path) -> None:
    weights = stored(tmp_path, {"synthetic": {"anna"}})
    content = (tmp_path / "card.json").read_bytes()
    (tmp_path / "card.json").write_bytes(b"\xef\xbb\xbf" + content)
    (tmp_path / "people.txt").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "people.txt").read_bytes())
    assert weights.card.side == 64 and weights.people() == {"synthetic": {"anna"}}
    (tmp_path / "card.json").write_bytes(b"[" * 100_000)
    with pytest.raises(StorageError, match=r"card\.json cannot be read") as refused:
        TrainedWeights(tmp_path).card  # noqa: B018
    assert "\n" not in str(refused.value)
