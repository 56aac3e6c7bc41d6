"""What a step adds to the key of its result for the plugins that made it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from benchmark.plugin_code.digest import code_digest
from benchmark.plugin_code.object_state import object_digest

UNSTORED = "unstored-"
"""How the keys begin of what must not be found again, because nobody knows what its code consists of."""

_REMEMBERED = "_key_of_code"


def code_in_key(*plugins: object) -> dict[str, Sequence[str]]:
    """The digests of the code of `plugins`, by ``"code"``; empty where all of them are this package's own.

    Code without a digest (see `code_digest`) gives another key each time.
    """
    keys = [_key_of(plugin) for plugin in plugins]
    return {"code": keys} if any(keys) else {}


def remember_object(plugin: object) -> None:
    """Take `plugin`, an object that a program made and handed over, as it is now for the key of its results.

    To be called once, before anything is fitted: what is learned later has keys of its own.
    """
    setattr(plugin, _REMEMBERED, digest_or_unstored(object_digest(plugin)))


def digest_or_unstored(digest: str | None) -> str:
    """`digest`, or where there is none what no other result is ever stored under."""
    return f"{UNSTORED}{uuid.uuid4().hex}" if digest is None else digest


def _key_of(plugin: object) -> str:
    remembered: str | None = getattr(plugin, _REMEMBERED, None)
    return digest_or_unstored(code_digest(plugin)) if remembered is None else remembered
