"""Names of photos and people as lists and file systems spell them: case, and accents composed or decomposed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from benchmark.errors import RequestError


def spellings(path: str) -> Iterator[str]:
    """The path as listed, and with accents composed and decomposed, as file systems differ.

    >>> [len(spelling) for spelling in spellings("Zoë")]
    [3, 3, 4]
    """
    yield path
    yield unicodedata.normalize("NFC", path)
    yield unicodedata.normalize("NFD", path)


def refuse_lookalikes(names: Iterable[str], *, what: str, where: object) -> None:
    """Refuse names that differ only in case or in how an accent is encoded.

    Where file names have no case, they are one file, and a person under two such names would be compared with
    themselves as a stranger.

    Args:
        names: any number; repeats do not matter.
        what: the kind, for the error: ``"photos"`` or ``"people"``.
        where: the folder or list that they are in.

    Raises:
        RequestError: naming the first two.
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()), name)
        if other != name:
            raise RequestError(
                f"two {what} in {where} differ only in upper and lower case or in the encoding of an accent: "
                f"'{other}' and '{name}'; rename or remove one of them"
            )
