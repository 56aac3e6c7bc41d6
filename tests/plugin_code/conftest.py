"""Files that a test loads and edits are forgotten when it ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from benchmark.plugin_code import sources


@pytest.fixture(autouse=True)
def _nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sources, "_kept", {})
    monkeypatch.setattr(sources, "_sealed", set())
    monkeypatch.setattr(sources, "_imported_by_python", set())
    modules = set(sys.modules)
    yield
    for name in set(sys.modules) - modules:
        if name.startswith("benchmark.plugin_code._"):
            del sys.modules[name]
