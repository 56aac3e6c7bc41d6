"""What a data set says when it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmark.errors import RequestError


def error(function: Callable[[], object]) -> str:
    """The message of the request error that `function` raises: one line."""
    with pytest.raises(RequestError) as caught:
        function()
    assert "\n" not in str(caught.value)
    return str(caught.value)
