"""The digest of a plugin's code changes with everything that decides what the code does, and with nothing else."""

from __future__ import annotations

import linecache
import sys
from collections import OrderedDict
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.errors import BenchmarkError, RequestError
from benchmark.methods.baselines.mean_face import MeanFace
from benchmark.plugin_code.digest import NEVER_STORED, code_digest, module_digest
from benchmark.plugin_code.imported_files import computes_names
from benchmark.plugin_code.importer import load_file
from benchmark.plugin_code.keys import code_in_key, remember_object
from benchmark.plugin_code.object_state import object_digest
from benchmark.plugin_code.sources import kept_sources


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, "utf-8")
    return folder


def digest_in(folder: Path, name: str = "method") -> str | None:
    return code_digest(load_file(folder / f"{name}.py").Plugin)


LAZY = """
class Plugin:
    def call(self):
        from parts.inner import value
        return value
"""


def test_a_package_without_init_inside_another_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "path" / "outer_space" / "inner_space", leaf="value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path / "path"))
    lazily = "class Plugin:\n    def call(self):\n        import outer_space.inner_space.leaf\n"
    write(tmp_path / "plugin", method=lazily)
    assert digest_in(tmp_path / "plugin")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "parts", __init__="", inner="from . import innermost\nvalue = 1\n", innermost="")
    return write(tmp_path, method=LAZY, unrelated="")


@pytest.mark.parametrize("edited", ["method", "parts/__init__", "parts/inner", "parts/innermost"])
def test_each_file_that_can_be_imported_counts_before_it_is_imported(folder: Path, edited: str) -> None:
    before = digest_in(folder)
    (folder / f"{edited}.py").write_text((folder / f"{edited}.py").read_text() + "\n# edited\n")
    assert digest_in(folder) != before


def test_other_files_and_the_place_of_the_folder_do_not_count(folder: Path) -> None:
    before = digest_in(folder)
    write(folder, unrelated="1 / 0\n", other="class Plugin: pass\n")
    load_file(folder / "other.py")
    assert digest_in(folder) == before
    assert digest_in(folder.rename(folder.with_name("moved"))) == before


def test_this_packages_own_code_has_no_digest() -> None:
    assert code_digest(MeanFace) == ""
    assert code_in_key(MeanFace(), MeanFace) == {}


def test_an_installed_package_counts_by_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_digest(nn.Linear)
    assert before
    monkeypatch.setattr("importlib.metadata.version", lambda _: "99")
    assert code_digest(nn.Linear) != before


def test_a_base_class_of_another_file_counts(tmp_path: Path) -> None:
    write(tmp_path / "a", base="class Base:\n    value = 1\n")
    text = (
        f"from pathlib import Path\nfrom benchmark.plugin_code.importer import load_file\n"
        f"class Plugin(load_file(Path({str(tmp_path / 'a' / 'base.py')!r})).Base): pass\n"
    )
    write(tmp_path / "b", method=text)
    before = digest_in(tmp_path / "b")
    write(tmp_path / "a", base="class Base:\n    value = 2\n")
    write(tmp_path / "b", method=text + "\n")  # makes it load again
    write(tmp_path / "b", method=text)
    assert digest_in(tmp_path / "b") == before  # its own file is as it was, and still loaded
    sys.modules.pop(load_file(tmp_path / "b" / "method.py").__name__)
    assert digest_in(tmp_path / "b") != before


def test_modules_that_python_finds_by_itself_count_where_they_are_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "work", helper_for_digest_test="value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path / "work"))
    write(tmp_path / "plugin", method="import helper_for_digest_test, yaml\nclass Plugin: pass\n")
    before = digest_in(tmp_path / "plugin")
    write(tmp_path / "work", helper_for_digest_test="value = 2\n")
    with pytest.raises(BenchmarkError, match=r"helper_for_digest_test.py was edited after it was loaded"):
        kept_sources()  # for a worker process, which would run what is there now
    monkeypatch.setattr("benchmark.plugin_code.sources._kept", {})
    assert digest_in(tmp_path / "plugin") != before


def test_a_module_imported_by_a_computed_name_counts_once_it_is_loaded(tmp_path: Path) -> None:
    method = "import importlib\npart = importlib.import_module('.pa' + 'rt', __package__)\nclass Plugin: pass\n"
    write(tmp_path, method=method, part="value = 1\n")
    before = digest_in(tmp_path)
    write(tmp_path, part="value = 2\n")
    assert digest_in(tmp_path) != before


@pytest.mark.parametrize(
    "call",
    [
        'import_module(name="part")',
        'import_module(package=__package__, name=".part")',
        '__import__(name="part")',
    ],
)
def test_a_module_imported_by_a_call_with_keywords_counts_before_it_is_imported(tmp_path: Path, call: str) -> None:
    method = f"from importlib import import_module\nclass Plugin:\n    def call(self):\n        return {call}\n"
    write(tmp_path, method=method, part="value = 1\n")
    before = digest_in(tmp_path)
    write(tmp_path, part="value = 2\n", method=method + "\n")  # makes it load again
    write(tmp_path, method=method)
    assert digest_in(tmp_path) != before


@pytest.mark.parametrize(
    ("call", "computed"),
    [("name='part'", False), ("name='pa' + 'rt'", True), ("**given", True), ("'part', package='a' + 'b'", False)],
)
def test_a_computed_name_is_seen_wherever_it_stands(tmp_path: Path, call: str, computed: bool) -> None:
    write(tmp_path, method=f"import importlib\ndef part(given):\n    return importlib.import_module({call})\n")
    assert computes_names(tmp_path / "method.py") is computed


def test_a_module_that_is_missing_from_the_digest_is_refused(tmp_path: Path) -> None:
    method = """
import importlib
class Plugin:
    def call(self):
        return importlib.import_module(".pa" + "rt", __package__).value
"""
    write(tmp_path, method=method, part="value = 1\n")
    plugin = load_file(tmp_path / "method.py").Plugin
    assert code_digest(plugin)
    with pytest.raises(ImportError, match=r"add files = \['part.py'\] to the plugin's class"):
        plugin().call()
    write(tmp_path, method=method.replace("class Plugin:", "class Plugin:\n    files = ['part.py']"))
    plugin = load_file(tmp_path / "method.py").Plugin
    before = code_digest(plugin)
    assert plugin().call() == 1
    write(tmp_path, part="value = 2\n")
    assert digest_in(tmp_path) != before


def test_files_that_a_plugin_names_count(tmp_path: Path) -> None:
    write(tmp_path, method="class Plugin:\n    files = ['card.yaml']\n")
    with pytest.raises(RequestError, match=r"names 'card.yaml' in its `files`, but .*card.yaml does not exist"):
        digest_in(tmp_path)
    (tmp_path / "card.yaml").write_text("size: 64")
    before = digest_in(tmp_path)
    (tmp_path / "card.yaml").write_text("size: 128")
    assert digest_in(tmp_path) != before


def test_a_module_has_a_digest_too(folder: Path) -> None:
    before = module_digest(load_file(folder / "method.py"))
    write(folder / "parts", innermost="value = 2\n")
    assert module_digest(load_file(folder / "method.py")) != before
    assert module_digest(sys.modules["json"]) == ""


def typed(source: str) -> ModuleType:
    """A module without a file, as a notebook is, whose source Python knows all the same."""
    module = ModuleType("notebook_for_test")
    sys.modules[module.__name__] = module
    cell = f"<cell {hash(source)}>"
    linecache.cache[cell] = (len(source), None, source.splitlines(keepends=True), cell)
    exec(compile(source, cell, "exec"), vars(module))
    return module


TYPED = """
LEVEL = 0.5

def level():
    return LEVEL

class Plugin:
    def call(self):
        return [level() for _ in range(3)]
"""


def test_what_is_typed_counts_with_all_that_it_names() -> None:
    before = code_digest(typed(TYPED).Plugin)
    assert before
    assert code_digest(typed(TYPED).Plugin) == before
    assert code_digest(typed(TYPED.replace("0.5", "0.95")).Plugin) != before
    assert code_digest(typed(TYPED.replace("return LEVEL", "return 1 - LEVEL")).Plugin) != before
    assert code_digest(typed(TYPED + "\nOTHER = 1\n").Plugin) == before


def test_what_is_typed_and_names_something_without_known_content_is_never_stored() -> None:
    assert code_digest(typed(TYPED.replace("0.5", "[0.5]")).Plugin) is NEVER_STORED
    plugin = typed(TYPED).Plugin
    linecache.cache.clear()
    assert code_digest(plugin) is NEVER_STORED
    first, second = code_in_key(plugin), code_in_key(plugin)
    assert first != second


class Held:
    """An object of a program."""

    def __init__(self, value: object) -> None:
        self.value = value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.5, 0.95),
        (1, True),
        ("a", b"a"),
        ([1, 2], (1, 2)),
        ({"a": 1}, {"a": 2}),
        ({1, 2}, {1, 3}),
        (np.zeros(3), np.zeros((3, 1))),
        (np.zeros(3, np.uint8), np.zeros(3, np.int8)),
        (torch.zeros(2), torch.ones(2)),
        (Held(Held(1)), Held(Held(2))),
        (OrderedDict(a=1), {"a": 1}),
        (Path("a"), Path("b")),
        (lambda x: x + 1, lambda x: x + 2),
        (np.random.default_rng(1), np.random.default_rng(2)),
    ],
)
def test_the_digest_of_an_object_changes_with_what_it_holds(one: object, other: object) -> None:
    assert object_digest(Held(one)) == object_digest(Held(one))
    assert None is not object_digest(Held(one)) != object_digest(Held(other))


def test_the_digest_of_a_network_changes_with_its_weights() -> None:
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    before = object_digest(Held(network))
    assert before is not None
    assert object_digest(Held(network)) == before
    with torch.no_grad():
        network[0].bias += 1
    assert object_digest(Held(network)) != before


def test_an_object_without_known_content_is_never_stored(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        assert object_digest(Held(file)) is NEVER_STORED
    assert object_digest(Held(x for x in "ab")) is NEVER_STORED


def test_an_object_that_holds_itself_has_a_digest() -> None:
    held = Held(None)
    held.value = [held]
    assert object_digest(held) is not None


def test_the_key_of_an_object_is_that_of_the_moment_when_it_was_handed_over() -> None:
    held, other = Held(1), Held(2)
    remember_object(held)
    remember_object(other)
    before = code_in_key(held)
    assert before != code_in_key(other)
    held.value = "what it has learned"
    assert code_in_key(held) == before
