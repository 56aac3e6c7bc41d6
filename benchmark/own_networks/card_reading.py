"""Reads the card that a user writes for a network of their own, in YAML or in Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from benchmark.errors import RequestError
from benchmark.structured_text import Unreadable, read_yaml, shortened
from benchmark.suggestions import did_you_mean

CARD_ENDINGS = (".yaml", ".yml")
SpecT = TypeVar("SpecT", bound=BaseModel)


def card_beside(file: Path) -> Path | None:
    """The card of the same name beside `file`; None where there is none."""
    cards = (file.with_suffix(ending) for ending in CARD_ENDINGS)
    return next((card for card in cards if card.is_file()), None)


def read_card(file: Path, spec: type[SpecT]) -> SpecT:
    """The card in a YAML file.

    Args:
        file: to read.
        spec: the keys of such a card.

    Raises:
        RequestError: the file cannot be read, is not YAML, or a key is unknown (the nearest is suggested) or wrong.
    """
    try:
        content = read_yaml(file)
    except Unreadable as problem:
        raise RequestError(f"{file} {problem}") from problem
    return card_from({} if content is None else content, spec, of=str(file))


def card_from(content: Any, spec: type[SpecT], *, of: str) -> SpecT:
    """The card that a mapping holds.

    Args:
        content: keys and values.
        spec: the keys of such a card.
        of: where they stand, for messages.

    Raises:
        RequestError: not a mapping, or a key is unknown (the nearest is suggested) or wrong.

    >>> from benchmark.recognisers.recogniser_spec import RecogniserSpec
    >>> card_from({"sizes": 112}, RecogniserSpec, of="my.yaml")
    Traceback (most recent call last):
    ...
    benchmark.errors.RequestError: my.yaml: unknown key 'sizes'; did you mean 'size'?
    """
    if isinstance(content, spec):
        return content
    if not isinstance(content, Mapping):
        raise RequestError(f"{of} must hold one 'key: value' per line, as 'size: 112'")
    known = list(spec.model_fields)
    for key in content:
        if key not in known:
            raise RequestError(f"{of}: unknown key '{shortened(key)}'; {did_you_mean(str(key), known)}")
    try:
        return spec.model_validate(dict(content))
    except ValidationError as error:
        first = error.errors()[0]
        place = f"{first['loc'][0]}: " if first["loc"] else ""
        given = f" (given: {shortened(content[first['loc'][0]])})" if first["loc"] else ""
        raise RequestError(f"{of}: {place}{first['msg'].removeprefix('Value error, ')}{given}") from error
