"""``bin:FILE``: a data set that is one file, whose name stands behind the data set's."""

from __future__ import annotations

from pathlib import Path

_OF_A_FILE = ("bin",)


def registered_name(text: str) -> str:
    """The name that a data set is registered by.

    >>> registered_name("bin:faces/my.bin"), registered_name("lfw")
    ('bin', 'lfw')
    """
    name, colon, _ = text.partition(":")
    return name if colon and name in _OF_A_FILE else text


def named_file(text: str) -> Path | None:
    """The file behind the data set's name, None where there is none.

    >>> named_file("bin:faces/my.bin")
    PosixPath('faces/my.bin')
    """
    name = registered_name(text)
    file = text.removeprefix(f"{name}:") if name != text else ""
    return Path(file).expanduser() if file else None
