"""A plugin that raises when it is asked whether it works here does not work here, and nobody else is affected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmark.cards import Availability
from benchmark.cli.list_plugins import list_kind
from benchmark.methods.base import CropTransform
from benchmark.methods.resolve import selectable_methods
from benchmark.plugins import METHODS, RECOGNISERS
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.resolve import selectable_recognisers

NAME = "cannot-say-for-test"


class Method(CropTransform):
    """Cannot say."""

    @classmethod
    def availability(cls) -> Availability:
        raise ValueError("no idea")


class Judge(Recogniser):
    """Cannot say."""

    @classmethod
    def availability(cls, weights: Any = None) -> Availability:
        raise ValueError("no idea")


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    METHODS.register(NAME)(Method)
    RECOGNISERS.register(NAME)(Judge)
    yield
    METHODS.forget(NAME)
    RECOGNISERS.forget(NAME)


def test_all_leaves_it_out_with_the_reason() -> None:
    methods, without = selectable_methods()
    assert "telea" in methods
    assert f"'{NAME}' fails in availability(): ValueError: no idea" in without[NAME]
    recognisers, without = selectable_recognisers({})
    assert "face_recognition" in recognisers
    assert f"'{NAME}' fails in availability(): ValueError: no idea" in without[NAME]


@pytest.mark.parametrize("registry", [METHODS, RECOGNISERS])
def test_it_is_listed_as_unavailable_with_the_reason(registry: Any) -> None:
    row = next(row for row in list_kind(registry) if row["name"] == NAME)
    assert not row["available"]
    assert "ValueError: no idea" in row["reason"]
