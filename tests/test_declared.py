"""What the source of a built-in plugin says, against what its class says when it is imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.cli.list_plugins import declared_row, described_row
from benchmark.declared import NotDeclared, declaration
from benchmark.plugins import KINDS
from tests.conftest import PLUGINS_OF_OTHERS


@pytest.mark.parametrize(
    ("registry", "name"),
    [(registry, name) for registry in KINDS.values() for name in registry.names() if name not in PLUGINS_OF_OTHERS],
)
def test_the_source_says_what_the_class_says(registry, name: str) -> None:
    said = declared_row(name, registry)
    assert said is not None, "the class has to be imported to be listed, which takes seconds: declare plain values"
    assert said == described_row(name, registry.load(name))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "declared_for_test.py").write_text(
        '''
from benchmark.cards import MethodCard
from benchmark.methods.base import Unmasker

_LICENCE = "MIT"
_PACKAGES = {"no_such_package_at_all": "pip install it"}


class Plain(Unmasker):
    """Plain values.

    And more.
    """

    card = MethodCard(source="a" + "b", licence=_LICENCE, parameters={"net": 1_000}, trained_on=("x", "y"))
    needs = _PACKAGES
    presets = {"small": object(), "large": object()}


class Child(Plain):
    """Inherits its card."""


class Computed(Unmasker):
    """A card that is computed."""

    card = MethodCard(source=str(1))


class Decides(Unmasker):
    """Says by itself whether it is available."""

    @classmethod
    def availability(cls):
        raise RuntimeError
'''
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return "declared_for_test"


def test_plain_values_are_read(module: str) -> None:
    plain = declaration(f"{module}:Plain")
    assert (plain.summary, plain.preset) == ("Plain values.", "small")
    assert (plain.card.source, plain.card.licence, plain.card.trained_on) == ("ab", "MIT", ("x", "y"))
    assert plain.card.parameters == {"net": 1000}
    assert not plain.availability.available
    assert plain.availability.reason == "the package no_such_package_at_all is not installed: pip install it"
    child = declaration(f"{module}:Child")
    assert (child.summary, child.card) == ("Inherits its card.", plain.card)


@pytest.mark.parametrize("name", ["Computed", "Decides", "Absent"])
def test_what_only_running_can_tell_is_not_declared(module: str, name: str) -> None:
    with pytest.raises(NotDeclared):
        declaration(f"{module}:{name}")
