"""``--plugin FILE``: loaded whatever it is called, never served from an older version of itself, never fatal."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmark.cli.main import main
from benchmark.plugins import KINDS

GREY = '''
import torch
from benchmark.methods.base import MaskedFaces, Unmasker
from benchmark.plugins import register_method

@register_method("{name}")
class Grey(Unmasker):
    """Fill the hole with grey."""

    def restore(self, faces: MaskedFaces) -> torch.Tensor:
        return torch.full_like(faces.pixels, {value})
'''


@pytest.fixture(autouse=True)
def _forget_what_tests_register(monkeypatch: pytest.MonkeyPatch) -> None:
    for registry in KINDS.values():
        registry.names()
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))


def plugin(file: Path, text: str) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return str(file)


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["list", "methods", *arguments]) == 0
    return capsys.readouterr().out


def hole_psnr(run: Path) -> float:
    metrics = pd.read_csv(run / "metrics.csv")
    chosen = metrics[(metrics.metric == "psnr_hole") & (metrics.condition == "raw-restored")]
    return float(chosen[chosen.mask_type == "all"].value.item())


def test_an_edited_plugin_gives_new_numbers_and_the_old_one_its_old_ones(tmp_path: Path) -> None:
    file = tmp_path / "my_method.py"
    small = ["--limit", "4", "--replicates", "5", "--size", "64", "--workers", "1", "--quiet", "--passthrough", "2"]
    small += ["--masks", "surgical", "--recognisers", "face_recognition", "--methods", "true-mask+grey-edited"]
    values = []
    for number, level in enumerate((0.5, 0.9, 0.5)):
        plugin(file, GREY.format(name="grey-edited", value=level))  # of the same size, within the same second
        out = tmp_path / str(number)
        assert main(["--plugin", str(file), *small, "--out", str(out), "--cache", str(tmp_path / "cache")]) == 0
        values.append(hole_psnr(out))
    assert values[0] == values[2]
    assert abs(values[0] - values[1]) > 1


def test_files_of_one_name_and_names_of_the_standard_library_are_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"grey-a": "a/method.py", "grey-b": "b/method.py", "grey-c": "c/random.py", "grey-d": "d/my.method.py"}
    flags = []
    for name, file in files.items():
        flags += ["--plugin", plugin(tmp_path / file, GREY.format(name=name, value=0.5))]
    for name in ("statistics", "queue", "tokenize"):
        plugin(tmp_path / "c" / f"{name}.py", "raise AssertionError('nobody wants this one')")
    out = listed(capsys, *flags)
    assert all(name in out for name in files)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "try:\n    import no_such_package\nexcept ImportError:\n    quit()\n",
            "it raised SystemExit to end the program",
        ),
        ("raise KeyboardInterrupt", "it raised KeyboardInterrupt to end the program"),
        ("import no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("def", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_one_line_and_status_2(
    tmp_path: Path, text: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = plugin(tmp_path / "broken.py", text)
    assert main(["list", "--plugin", file]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith(f"error: --plugin {file} cannot be imported: {reason}")
    assert "\n" not in error


def test_a_class_without_docstring_or_with_a_broken_card_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = GREY.format(name="grey-silent", value=0.5).replace('    """Fill the hole with grey."""\n', "")
    broken = (
        GREY.format(name="grey-broken", value=0.5) + "\n    @classmethod\n    def availability(cls):\n        quit()\n"
    )
    out = listed(capsys, "--plugin", plugin(tmp_path / "a.py", silent), "--plugin", plugin(tmp_path / "b.py", broken))
    assert "no description" in next(line for line in out.splitlines() if "grey-silent" in line)
    assert "grey-broken" in out
    assert "SystemExit" in out
