"""Progress bars with ETA on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm


class Progress:
    """Makes progress bars; a quiet one makes bars that show nothing.

    >>> with Progress(quiet=True).bar("detect", total=2, unit="photo") as bar:
    ...     bar.update(2)
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet

    @contextmanager
    def bar(
        self, description: str, *, total: int | None, unit: str = "image", done: int = 0, scaled: bool = False
    ) -> Iterator[Any]:
        """A tqdm bar: `update(n)` advances it, `set_postfix(loss=…)` shows figures beside it.

        Args:
            description: what is being done.
            total: units; None = nobody knows.
            unit: what is counted.
            done: units that were done before.
            scaled: whether to write 1,200,000 as 1.2M.
        """
        with tqdm(
            total=total,
            initial=done,
            desc=description,
            unit=unit,
            unit_scale=scaled,
            disable=self.quiet,
            file=sys.stderr,
            dynamic_ncols=True,
            mininterval=0.5 if sys.stderr.isatty() else 10,
        ) as bar:
            yield bar
