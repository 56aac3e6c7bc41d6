"""Text as it is written to files: UTF-8, whatever a name holds."""

from __future__ import annotations

import os


def as_utf8(text: str) -> bytes:
    r"""The bytes of `text`; a lone surrogate is spelled out, since no UTF-8 file can hold it.

    A file's name that is not UTF-8 has them (`os.fsdecode`), and so has a ``\ud800`` in JSON. In a JSON string what is
    written reads as the same surrogate again.

    >>> as_utf8("Zoë"), as_utf8("Zo\udceb")
    (b'Zo\xc3\xab', b'Zo\\udceb')
    """
    return text.encode("utf-8", "backslashreplace")


def writable(text: str) -> str:
    r"""`text` as every file can hold it: what `as_utf8` writes.

    >>> writable("Zo\udceb") == "Zo\\udceb"
    True
    """
    return as_utf8(text).decode("utf-8")


def printable(name: str) -> str:
    r"""The name of a file as text that every file can hold: bytes of it that are not UTF-8 are spelled out.

    >>> printable("Zoë/1.jpg"), printable("Zo\udceb/1.jpg")
    ('Zoë/1.jpg', 'Zo\\xeb/1.jpg')
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")
