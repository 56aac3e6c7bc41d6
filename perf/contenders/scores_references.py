"""The same from scores by scikit-learn and by `pyeer`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from perf.contender import Contender, Outputs


class _FromScores(Contender):
    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        self._scores, self._mated = np.load(inputs / "scores.npy"), np.load(inputs / "mated.npy")


class RocCurve(_FromScores):
    """``roc_curve`` with every distinct threshold."""

    def work(self) -> Outputs:
        """The whole curve."""
        from sklearn.metrics import roc_curve  # noqa: PLC0415  # each reference loads its own library alone

        fpr, tpr, _ = roc_curve(self._mated, self._scores, drop_intermediate=False)
        return {"fmr": fpr[1:], "tar": tpr[1:]}  # the first threshold accepts nobody


class RocArea(_FromScores):
    """``roc_auc_score``."""

    def work(self) -> Outputs:
        """One number."""
        from sklearn.metrics import roc_auc_score  # noqa: PLC0415

        return {"auc": roc_auc_score(self._mated, self._scores)}


class PyEer(_FromScores):
    """``get_eer_stats``."""

    def work(self) -> Outputs:
        """Its report."""
        from pyeer.eer_info import get_eer_stats  # noqa: PLC0415

        found = get_eer_stats(self._scores[self._mated], self._scores[~self._mated])
        return {"eer": found.eer, "d_prime": found.decidability, "auc": found.auc}
