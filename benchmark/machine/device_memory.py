"""What to do when a batch does not fit into a device's memory: go on with half of it."""

from __future__ import annotations

import logging
import sys

log = logging.getLogger(__name__)


def half_batch(size: int, error: RuntimeError) -> int:
    """The batch size to go on with after `error`: half of `size`, if it says that memory ran out.

    Args:
        size: of the batch that failed.
        error: what was raised; called where it is handled.

    Raises:
        RuntimeError: `error` itself, where it is another one or a single image does not fit either.
    """
    torch = sys.modules.get("torch")  # without it, it was not the one that ran out of memory
    if torch is None or not isinstance(error, torch.OutOfMemoryError) or size <= 1:
        raise error
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    log.warning("batches of %d do not fit into the device's memory; going on with %d", size, size // 2)
    return size // 2
