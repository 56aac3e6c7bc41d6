"""What a method learns is kept: by the base class where it can, and otherwise not silently lost."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.errors import PluginError, RequestError, StorageError
from benchmark.methods.base import CropTransform, Unmasker
from benchmark.methods.baselines.mean_face import MeanFace
from benchmark.methods.baselines.template_ridge import TemplateRidge
from benchmark.methods.detectors.segmenter import Segmenter
from benchmark.methods.learner import Learner, pair_learners
from benchmark.methods.resolve import resolve_method


class Remembers(Unmasker):
    """Sets one attribute of every kind that is kept."""

    def fit(self, pairs, *, progress):
        self.tensor = torch.arange(6, dtype=torch.bfloat16).view(2, 3).T
        self.parameter = nn.Parameter(torch.ones(2))
        self.array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
        self.big_endian = np.array([1, 2], dtype=">u2")
        self.mask = np.array([True, False])
        self.empty = np.zeros((0, 3), np.float32)
        self.scalar = np.float32(0.1)
        self.zero_dimensional = np.array(7)
        self.double = np.float64(0.1)
        self.number = 3
        self.share = 1 / 3
        self.word = "straße"
        self.nothing = None
        self.flag = True

    def restore(self, faces):
        return faces.pixels


class InPlace(Unmasker):
    """Changes what ``__init__`` made."""

    def __init__(self, **options):
        super().__init__(**options)
        self.total = np.zeros(3)
        self.untouched = {"not": "kept, but not changed either"}
        self.network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))

    def fit(self, pairs, *, progress):
        self.total += 1
        with torch.no_grad():
            self.network[0].weight.fill_(0.5)

    def restore(self, faces):
        return faces.pixels


def fitted(cls, pairs, quiet):
    method = cls()
    method.fit(pairs, progress=quiet)
    return method


def test_every_kind_of_value_comes_back_as_it_was(tiny_pairs, quiet, tmp_path):
    first, again = fitted(Remembers, tiny_pairs(4), quiet), Remembers()
    first.save(tmp_path)
    again.load(tmp_path)
    for name in ("tensor", "parameter"):
        assert torch.equal(getattr(first, name), getattr(again, name))
        assert getattr(first, name).dtype == getattr(again, name).dtype
    for name in ("array", "big_endian", "mask", "empty", "zero_dimensional"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
        assert isinstance(getattr(again, name), np.ndarray)
        assert getattr(first, name).dtype.newbyteorder("=") == getattr(again, name).dtype
    for name in ("scalar", "double", "number", "share", "word", "nothing", "flag"):
        assert getattr(first, name) == getattr(again, name)
        assert type(getattr(again, name)) is type(getattr(first, name)) or name == "double"
    assert isinstance(again.double, float)


def test_what_was_loaded_can_be_saved_again(tiny_pairs, quiet, tmp_path):
    first, second, third = fitted(Remembers, tiny_pairs(4), quiet), Remembers(), Remembers()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first.save(tmp_path / "a")
    second.load(tmp_path / "a")
    second.save(tmp_path / "b")
    third.load(tmp_path / "b")
    assert torch.equal(first.tensor, third.tensor)
    assert third.word == first.word


def test_what_fit_changes_in_place_is_kept(tiny_pairs, quiet, tmp_path):
    first, again = fitted(InPlace, tiny_pairs(4), quiet), InPlace()
    first.save(tmp_path)
    again.load(tmp_path)
    assert again.total.tolist() == [1, 1, 1]
    assert all(torch.equal(value, again.network.state_dict()[key]) for key, value in first.network.state_dict().items())
    assert "untouched" not in (tmp_path / "weights.json").read_text("utf-8")


def test_a_second_fit_that_finds_the_same_is_kept_too(tiny_pairs, quiet, tmp_path):
    method = fitted(Remembers, tiny_pairs(4), quiet)
    method.fit(tiny_pairs(4), progress=quiet)
    method.save(tmp_path)
    again = Remembers()
    again.load(tmp_path)
    assert again.number == 3


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([1.0], "list"),
        ({"a": 1}, "dict"),
        (np.array([None]), "ndarray"),
        (np.array(["a"]), "ndarray"),
        (np.ma.masked_array([1.0], mask=[True]), "MaskedArray"),
        (torch.eye(2).to_sparse(), "Tensor"),
        (1j, "complex"),
        (nn.Linear(1, 1), "Linear"),
    ],
    ids=str,
)
def test_anything_else_is_refused_when_fit_sets_it(value, kind, tiny_pairs, quiet):
    reached = []

    class SetsIt(Unmasker):
        def fit(self, pairs, *, progress):
            self.learned = value
            reached.append("an hour of training")

        def restore(self, faces):
            return faces.pixels

    with pytest.raises(PluginError, match=rf"fit\(\) of SetsIt set self.learned to a {kind}.*write save\(folder\)"):
        fitted(SetsIt, tiny_pairs(4), quiet)
    assert not reached


@pytest.mark.parametrize("value", [[], {}, {1}], ids=str)
def test_a_container_that_fit_fills_is_refused(value, tiny_pairs, quiet):
    class FillsIt(Unmasker):
        def __init__(self, **options):
            super().__init__(**options)
            self.learned = value.copy()

        def fit(self, pairs, *, progress):
            self.number = 1
            if isinstance(self.learned, dict):
                self.learned["a"] = 2
            else:
                getattr(self.learned, "append", getattr(self.learned, "add", None))(2)

        def restore(self, faces):
            return faces.pixels

    with pytest.raises(PluginError, match=r"set self\.learned to a"):
        fitted(FillsIt, tiny_pairs(4), quiet)


def test_a_fit_that_leaves_nothing_behind_is_refused(tiny_pairs, quiet):
    class Forgets(Unmasker):
        def fit(self, pairs, *, progress):
            mean = pairs.true.mean()  # noqa: F841

        def restore(self, faces):
            return faces.pixels

    with pytest.raises(PluginError, match="set no attribute"):
        fitted(Forgets, tiny_pairs(4), quiet)


def test_outside_fit_anything_may_be_set(tiny_pairs, quiet):
    method = fitted(Remembers, tiny_pairs(4), quiet)
    method.cache = {"a": [1]}
    assert method.cache == {"a": [1]}


def test_a_class_with_its_own_save_and_load_may_set_anything(tiny_pairs, quiet):
    class KeepsItself(Remembers):
        def fit(self, pairs, *, progress):
            super().fit(pairs, progress=progress)
            self.table = {"a": 1}

        def save(self, folder):
            (folder / "a.txt").write_text(str(self.table["a"]))

        def load(self, folder):
            self.table = {"a": int((folder / "a.txt").read_text())}

    assert fitted(KeepsItself, tiny_pairs(4), quiet).table == {"a": 1}


def test_one_of_save_and_load_alone_is_refused():
    with pytest.raises(PluginError, match=r"class Half defines save\(\) without load\(\)"):

        class Half(Remembers):
            def save(self, folder):
                """Write nothing."""


def test_a_subclass_s_fit_may_call_the_base_s(tiny_pairs, quiet, tmp_path):
    class More(Remembers):
        def fit(self, pairs, *, progress):
            super().fit(pairs, progress=progress)
            self.more = 9

    fitted(More, tiny_pairs(4), quiet).save(tmp_path)
    again = More()
    again.load(tmp_path)
    assert (again.more, again.number) == (9, 3)


def test_weights_of_another_class_are_refused(tiny_pairs, quiet, tmp_path):
    fitted(Remembers, tiny_pairs(4), quiet).save(tmp_path)
    with pytest.raises(StorageError, match=r"attributes of Remembers 1.*attributes of InPlace 1"):
        InPlace().load(tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "missing", "a method's name"])
def test_damaged_weights_are_one_line(damage, tiny_pairs, quiet, tmp_path):
    fitted(Remembers, tiny_pairs(4), quiet).save(tmp_path)
    tensors, about = tmp_path / "weights.safetensors", tmp_path / "weights.json"
    if damage == "truncated":
        tensors.write_bytes(tensors.read_bytes()[:-3])
    elif damage == "missing":
        tensors.unlink()
    else:
        about.write_text(about.read_text("utf-8").replace('"word"', '"restore"'), "utf-8")
    with pytest.raises(StorageError, match="delete the folder and train again") as raised:
        Remembers().load(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_network_of_another_shape_is_one_line(tiny_pairs, quiet, tmp_path):
    fitted(InPlace, tiny_pairs(4), quiet).save(tmp_path)
    other = InPlace()
    other.network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    with pytest.raises(StorageError, match="size mismatch") as raised:
        other.load(tmp_path)
    assert "\n" not in str(raised.value)


def test_whoever_writes_fit_learns():
    class NeverFits(Unmasker):
        def restore(self, faces):
            return faces.pixels

    class Cuts(CropTransform):
        def fit(self, pairs, *, progress):
            self.depth = 1

        def transform(self, faces):
            return faces.pixels

    assert not NeverFits().trains
    assert Remembers().trains
    cuts = Cuts()
    assert pair_learners([NeverFits(), cuts]) == (cuts,)


def test_what_learns_from_pairs_is_told_apart_from_what_is_fitted_to_a_recogniser():
    completer = resolve_method("mean-face")
    assert [learner.label for learner in pair_learners(completer.parts())] == ["segmenter", "mean-face"]
    prior = resolve_method("gan-prior")
    assert [learner.label for learner in pair_learners(prior.parts())] == ["segmenter", "face-generator"]
    ridge = TemplateRidge()
    assert isinstance(ridge, Learner)
    assert ridge.trains
    assert pair_learners([ridge]) == ()


def test_steps_are_set_where_learning_has_steps():
    segmenter = Segmenter()
    segmenter.set_steps(7)
    assert segmenter.settings.training.steps(pairs=10_000) == 7
    assert segmenter.settings.training.steps(pairs=1) == 7
    mean = MeanFace()
    mean.name = "mean-face"
    with pytest.raises(RequestError, match="--steps 7: 'mean-face' is not trained in steps"):
        mean.set_steps(7)
