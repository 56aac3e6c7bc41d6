"""Reads YAML and JSON that people write: in any Unicode encoding, and whatever is wrong with it is one line."""

from __future__ import annotations

import codecs
import json
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import yaml

_MARKS = (  # the longer one first: a UTF-32 mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LONGEST_REASON = 200
_DEEPEST = 100
_LARGEST = 10_000_000


class Unreadable(Exception):
    """The text cannot be used; the message is a clause that follows the file's name, as ``is not YAML: …``."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML would silently take the second."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if (key.tag, key.value) in seen:
                    raise yaml.MarkedYAMLError(problem=f"'{key.value}' is given twice", problem_mark=key.start_mark)
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def read_unicode(file: Path) -> str:
    """The text of a file in UTF-8, or in UTF-16 or UTF-32 with a byte-order mark, as some editors write it.

    Raises:
        Unreadable: it cannot be read, or is in another encoding, whose letters nobody can know.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8-sig")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(
            f"is not {encoding.upper().removesuffix('-SIG')} text (line {line}, byte 0x{content[error.start]:02x}); "
            "save it as UTF-8"
        ) from None


def read_yaml(file: Path) -> Any:
    """What a YAML file holds; None if it is empty.

    Raises:
        Unreadable: it cannot be read, is no YAML, names a key twice, or is nested too deeply.
    """
    return _parsed(file, "YAML", lambda text: yaml.load(text, _Loader))  # a SafeLoader


def read_json(file: Path) -> Any:
    """What a JSON file holds.

    Raises:
        Unreadable: it cannot be read, is no JSON, or is nested too deeply.
    """
    return _parsed(file, "JSON", json.loads)


def _parsed(file: Path, kind: str, parse: Any) -> Any:
    text = read_unicode(file)
    try:
        found = parse(text)
    except RecursionError:
        raise Unreadable(f"is not usable {kind}: it is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:  # a ValueError also for 5,000 digits and for a 31st of February
        raise Unreadable(f"is not {kind}: {shortened(error)}") from error
    strange = _strange_shape(found)
    if strange:
        raise Unreadable(f"is no {kind} that anybody wrote: it {strange}")
    return found


def _strange_shape(value: Any) -> str:
    """What would exhaust whoever reads or prints the value; empty if nothing does.

    YAML's aliases let a short text stand for a value without end, or for one of billions of parts.
    """
    sizes: dict[int, int] = {}
    levels = [{id(value): value}]
    while levels[-1]:
        if len(levels) > _DEEPEST:
            return "is nested too deeply"
        parts = (part for holder in levels[-1].values() for part in _parts(holder))
        levels.append({id(part): part for part in parts if isinstance(part, list | dict)})
    for level in reversed(levels):
        for identity, holder in level.items():
            sizes[identity] = 1 + sum(sizes.get(id(part), 1) for part in _parts(holder))
    return "repeats its parts without measure" if sizes.get(id(value), 1) > _LARGEST else ""


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def shortened(value: object) -> str:
    """A value or reason as it may stand in a message: in one line, and not longer than anybody reads."""
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]} …"
