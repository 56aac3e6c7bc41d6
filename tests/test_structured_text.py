"""YAML and JSON that people write: other encodings are read, and what cannot be used is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.structured_text import Unreadable, read_json, read_yaml, shortened


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_every_unicode_encoding_is_read(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes("name: Zoë\n".encode(encoding))
    assert read_yaml(file) == {"name": "Zoë"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a: 1\nname: Zo\xeb\n", "line 2, byte 0xeb"),
        (b"a: " + b"[" * 5000, "nested too deeply"),
        (b"a: " + b"7" * 5000, "is not YAML: Exceeds the limit"),
        (b"a: 2026-02-31", "is not YAML"),
        (b"a: 1\na: 2\n", "'a' is given twice"),
        (b"a: [1", "is not YAML"),
        (b"a: \x00", "is not YAML"),
    ],
)
def test_what_is_wrong_with_yaml_is_one_line(content: bytes, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(content)
    with pytest.raises(Unreadable) as refused:
        read_yaml(file)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", ["[" * 100_000, "7" * 5000, "{", ""])
def test_what_is_wrong_with_json_is_one_line(content: str, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(content)
    with pytest.raises(Unreadable) as refused:
        read_json(file)
    assert len(str(refused.value)) < 300


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be read: No such file"):
        read_yaml(tmp_path / "none.yaml")


def test_a_message_never_holds_a_page() -> None:
    assert len(shortened("x" * 10_000)) < 250
    assert shortened("a\n  b") == "a b"


@pytest.mark.parametrize("content", ["&a [*a]", "a: &a [" + "[" * 200 + "]" * 200 + "]"])
def test_yaml_without_end_is_one_line(content: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(Unreadable, match="nested too deeply"):
        read_yaml(tmp_path / "a.yaml")


def test_yaml_of_billions_of_parts_is_one_line_and_an_alias_is_read(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{row}: &a{row} [{', '.join([f'*a{row - 1}'] * 10)}]" for row in range(1, 9)]
    (tmp_path / "a.yaml").write_text("\n".join(lines))
    with pytest.raises(Unreadable, match="repeats its parts"):
        read_yaml(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_text("\n".join(lines[:2]))
    assert read_yaml(tmp_path / "a.yaml")["a1"] == [["x"] * 10] * 10
