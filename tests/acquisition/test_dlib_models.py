from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.acquisition.dlib_models import SHA256, model_path, read_verified, verified_model_path
from benchmark.errors import PluginError


@pytest.mark.parametrize("name", sorted(SHA256))
def test_the_installed_models_are_whole(name: str) -> None:
    assert verified_model_path(name) == model_path(name)


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(PluginError, match=r"no_such\.dat is missing: pip install"):
        model_path("no_such.dat")


def test_damaged_bytes_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.dat"
    file.write_bytes(b"")
    with pytest.raises(PluginError, match="0 bytes"):
        read_verified(file, "0" * 64)
    with pytest.raises(PluginError, match="cannot be read"):
        read_verified(tmp_path, "0" * 64)
