"""The registry: lazy names, duplicates, unknown and broken plugins."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmark.errors import PluginError, RequestError
from benchmark.plugins import KINDS
from benchmark.registry import Registry


class Animal:
    """Base of a kind."""


def registry() -> Registry[Animal]:
    return Registry("animals", base=f"{__name__}:Animal", package="benchmark.nothing_here")


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])


def test_the_decorator_registers() -> None:
    animals = registry()

    @animals.register("cat")
    class Cat(Animal):
        pass

    assert animals.names() == ("cat",)
    assert animals.load("cat") is Cat


def test_a_duplicate_names_both_sources() -> None:
    animals = registry()
    animals.register_lazily("cat", "a:Cat")
    with pytest.raises(PluginError, match="a:Cat and b:Cat"):
        animals.register_lazily("cat", "b:Cat")


def test_the_same_plugin_may_register_twice() -> None:
    animals = registry()
    animals.register_lazily("cat", "a:Cat")
    animals.register_lazily("cat", "a:Cat")
    assert animals.names() == ("cat",)


def test_an_unknown_name_suggests_the_nearest() -> None:
    animals = registry()
    animals.register_lazily("elephant", "a:Elephant")
    with pytest.raises(RequestError, match="unknown animal 'elefant'; did you mean 'elephant'"):
        animals.load("elefant")


def test_a_plugin_that_cannot_be_imported_says_why() -> None:
    animals = registry()
    animals.register_lazily("unicorn", "no_such_module:Unicorn")
    assert "unicorn" in animals.names()
    with pytest.raises(PluginError, match="no_such_module"):
        animals.load("unicorn")


def test_a_class_of_another_kind_is_refused() -> None:
    animals = registry()

    @animals.register("stone")
    class Stone:
        pass

    with pytest.raises(PluginError, match="not a subclass"):
        animals.load("stone")


def test_builtin_plugins_are_found_without_importing_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "zoo_for_test"
    (package / "birds").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "birds" / "__init__.py").write_text("")
    (package / "birds" / "owl.py").write_text("@register_animal('owl')\nclass Owl:\n    pass\n", encoding="utf-8")
    (package / "lion.py").write_text(
        "raise_on_import = 1 / 0\n@register_animal('lion')\nclass Lion:\n    pass\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    animals: Registry[Animal] = Registry("animals", base=f"{__name__}:Animal", package="zoo_for_test")
    assert animals.names() == ("lion", "owl")
    assert animals.origin("owl") == "zoo_for_test.birds.owl:Owl"
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        animals.load("lion")


@pytest.mark.parametrize("kind", KINDS)
def test_every_builtin_plugin_loads_and_has_a_summary(kind: str) -> None:
    names = KINDS[kind].names()
    assert names
    for name in names:
        plugin = KINDS[kind].load(name)
        assert plugin.card.summary or (plugin.__doc__ or "").strip(), name
