"""Locks between processes, also where the file system has none."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock

log = logging.getLogger(__name__)

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_warned: set[int] = set()
"""Devices without locks, each said once."""


@contextmanager
def exclusive(file: Path, *, timeout: float = -1) -> Iterator[None]:
    """Hold a lock in this block.

    Some network drives have no locks. There, a file that names the process replaces them; it counts no longer when that
    process has died.

    Args:
        file: made if absent, and left there.
        timeout: seconds to wait for another process; negative = as long as it takes.

    Raises:
        filelock.Timeout: another process holds the lock.
        OSError: the file cannot be made.
    """
    lock = _acquired(file, timeout)
    try:
        yield
    finally:
        lock.release()


def _acquired(file: Path, timeout: float) -> BaseFileLock:
    try:
        lock: BaseFileLock = FileLock(file, fallback_to_soft=False)
        lock.acquire(timeout=timeout)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        device = file.parent.stat().st_dev
        if device not in _warned:
            _warned.add(device)
            log.warning("%s is on a drive without file locks (%s): using lock files", file.parent, error.strerror)
        lock = SoftFileLock(file.with_name(file.name + "-holder"))
        lock.acquire(timeout=timeout)
    return lock
