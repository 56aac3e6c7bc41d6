"""Folders of this machine in place of addresses: photos are copied in before a run, the finished run out after it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from benchmark.config import RunConfig
from benchmark.storage.remote_folders import address_of, check_writable, copied_in, copy_out


@contextmanager
def local_folders(config: RunConfig) -> Iterator[RunConfig]:
    """The settings with folders below the cache instead of addresses; a run that fails in this block is not copied.

    Raises:
        RequestError: an address cannot be read or written.
        StorageError: a copy is incomplete.
    """
    source, target = address_of(config.data_root), address_of(config.out)
    if target is not None:
        check_writable(target, overwrite=config.overwrite)
    here = {}
    if source is not None:
        here["data_root"] = copied_in(source, config.cache / "copied-photos")
    if target is not None:
        name = hashlib.sha256(target.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        here["out"] = config.cache / "runs-to-copy" / name
    local = config.model_copy(update=here)
    yield local
    if target is not None and local.out is not None:
        copy_out(local.out, target)
