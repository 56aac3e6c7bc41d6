"""Settings from YAML files as people write them: read where that is clear, else refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.config import RunConfig, load_config
from benchmark.errors import RequestError


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "preset.yaml"
    file.write_bytes(text.encode(encoding))
    return file


@pytest.mark.parametrize(
    ("text", "setting", "value"),
    [
        ("targets: 0.01", "targets", (0.01,)),
        ("targets: [0.01, 0.1]", "targets", (0.1, 0.01)),
        ("targets: 0.01,0.1", "targets", (0.1, 0.01)),
        ("methods: telea", "methods", ("telea",)),
        ("ignore: 'a,b'", "ignore", ("a,b",)),
        ("weights: a=b,c", "weights", ("a=b,c",)),
        ("data-root: /faces", "data_root", Path("/faces")),
        ("data_root: ~/faces", "data_root", Path.home() / "faces"),
        ("out: ~/runs/1", "out", Path.home() / "runs" / "1"),
        ("", "dataset", "synthetic"),
    ],
)
def test_what_is_clear_is_read(text: str, setting: str, value: object, tmp_path: Path) -> None:
    assert getattr(load_config(written(tmp_path, text), {}), setting) == value


def test_utf_16_as_windows_editors_write_it_is_read(tmp_path: Path) -> None:
    assert load_config(written(tmp_path, "data_root: /Zoë\n", "utf-16"), {}).data_root == Path("/Zoë")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sede: 1", "unknown setting 'sede'; did you mean 'seed'?"),
        ("1: 2", "unknown setting '1'"),
        ("data-root: a\ndata_root: b", "'data_root' is given twice"),
        ("targets: [[0.01]]", "targets: it must be a list of names or numbers"),
        ("targets: yes", "targets:"),
        ("replicates: no", "replicates: it must be a number (given: False)"),
        ("max_megapixels: on", "max_megapixels: it must be a number"),
        ("mask_draws: yes", "mask_draws: it must be a number"),
        ("size: [1, 2]", "preset.yaml: size:"),
        ("out: ~nobody-of-this-name/x", "there is no user ~nobody-of-this-name"),
        ("- a", "one 'setting: value' per line"),
        ("seed: " + "7" * 5000, "is not YAML"),
    ],
)
def test_what_is_wrong_is_one_short_line(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError) as refused:
        load_config(written(tmp_path, text), {})
    message = str(refused.value)
    assert reason in message
    assert "\n" not in message
    assert len(message) < 600


def test_latin_1_is_refused_with_the_place(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"not UTF-8 text \(line 1, byte 0xeb\); save it as UTF-8"):
        load_config(written(tmp_path, "data_root: /Zoë\n", "latin-1"), {})


def test_an_error_in_a_flag_names_the_flag(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"^--size:"):
        load_config(written(tmp_path, "seed: 1"), {"size": 3})


def test_python_takes_the_same_as_yaml() -> None:
    assert RunConfig(targets=0.01).targets == (0.01,)  # type: ignore[arg-type]


def test_a_name_that_no_file_can_hold_is_refused() -> None:
    with pytest.raises(RequestError, match="--recognisers: a name or path of a file here must be UTF-8"):
        load_config(None, {"recognisers": "onnx:Zo\udceb.onnx"})
    assert load_config(None, {"data_root": "Zo\udceb"}).data_root == Path("Zo\udceb")
