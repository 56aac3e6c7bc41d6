"""Plugin files are loaded by their path, and their neighbours for them alone."""

from __future__ import annotations

import pickle
import random
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.plugin_code.importer import is_beside, load_file, load_module, origin_of


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, "utf-8")
    return folder


def test_a_file_called_as_a_module_of_the_standard_library_is_loaded_beside_that(tmp_path: Path) -> None:
    write(tmp_path, random="import random as standard\nvalue = 7\n")
    module = load_file(tmp_path / "random.py")
    assert module.value == 7
    assert module.standard is random
    assert sys.modules["random"] is random


def test_neighbours_called_as_the_standard_library_are_met_by_nobody(tmp_path: Path) -> None:
    write(tmp_path, method="import statistics\nfrom queue import Queue\n", statistics="1 / 0\n", queue="1 / 0\n")
    assert load_file(tmp_path / "method.py").statistics is statistics
    assert str(tmp_path) not in sys.path


def test_two_files_of_one_name_are_two_modules_with_neighbours_of_their_own(tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / name, method=f"from shared import who\nname = '{name}' + who\n", shared=f"who = '{name}'\n")
    assert [load_file(tmp_path / name / "method.py").name for name in "ab"] == ["aa", "bb"]
    assert "shared" not in sys.modules


@pytest.mark.parametrize("name", ["my.method", "2nd", "with space", "ünder_scored"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text("class Here: pass\n")
    module = load_file(tmp_path / f"{name}.py")
    assert origin_of(module.__name__) == str(tmp_path / f"{name}.py")
    assert pickle.loads(pickle.dumps(module.Here)) is module.Here


def test_every_way_to_import_a_neighbour_works(tmp_path: Path) -> None:
    method = """
import networks.small
import networks.small as small
from networks import large
from . import beside
from .beside import value as relative
import importlib
by_name = importlib.import_module(".beside", __package__)

def lazily():
    import late
    return late.value, networks.small.value, small.value, large.value, beside.value, relative, by_name.value
"""
    write(tmp_path, method=method, beside="value = 1\n", late="from networks.small import value\n")
    write(tmp_path / "networks", __init__="", small="import beside\nvalue = beside.value + 1\n", large="value = 3\n")
    assert load_file(tmp_path / "method.py").lazily() == (2, 2, 2, 3, 1, 1, 1)


def test_two_files_that_import_each_other_are_executed_once(tmp_path: Path) -> None:
    write(tmp_path, method="made = []\nimport part\nmade.append(1)\n", part="import method\n")
    module = load_file(tmp_path / "method.py")
    assert module.part.method is module
    assert module.made == [1]


def test_a_name_that_only_import_module_asks_for_says_how_to_ask(tmp_path: Path) -> None:
    write(tmp_path, method="import importlib\nimportlib.import_module('beside_me')\n", beside_me="")
    with pytest.raises(ModuleNotFoundError, match=r"import_module\('.beside_me', __package__\)"):
        load_file(tmp_path / "method.py")


def test_a_file_may_import_the_installed_package_that_it_is_called_after(tmp_path: Path) -> None:
    import yaml

    write(tmp_path, yaml="import yaml as installed\n")
    assert load_file(tmp_path / "yaml.py").installed is yaml


def test_folders_of_data_do_not_hide_packages(tmp_path: Path) -> None:
    for name in ("yaml", "benchmark", "results_of_mine"):
        (tmp_path / name).mkdir()
    assert [is_beside(name, tmp_path) for name in ("yaml", "benchmark", "results_of_mine")] == [False, False, True]


def test_an_edited_file_or_neighbour_is_executed_anew(tmp_path: Path) -> None:
    write(tmp_path, method="from part import value\n", part="value = 1\n")
    assert load_file(tmp_path / "method.py") is load_file(tmp_path / "method.py")
    write(tmp_path, part="value = 2\n")  # of the same size, perhaps within the same second
    assert load_file(tmp_path / "method.py").value == 2
    assert not list(tmp_path.rglob("*.pyc"))


def test_a_module_of_a_package_is_loaded_by_its_dotted_name(tmp_path: Path) -> None:
    write(tmp_path / "nets", __init__="", mine="value = 5\n")
    assert load_module("nets.mine", tmp_path).value == 5


def test_another_process_finds_the_classes_by_their_name_alone(tmp_path: Path) -> None:
    write(tmp_path, method="from part import Part\nclass Whole(Part):\n    size = 3\n", part="class Part: pass\n")
    sent = pickle.dumps(load_file(tmp_path / "method.py").Whole())
    received = f"import pickle; whole = pickle.loads({sent!r}); print(whole.size, type(whole).__mro__[1].__name__)"
    done = subprocess.run([sys.executable, "-c", received], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3", "Part"]
