"""Frozen thresholds that another run set on its raw faces, as a system is tuned on one data set and used on another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.config import RunConfig
from benchmark.errors import RequestError
from benchmark.recognisers.base import Recogniser
from benchmark.reporting.stored_run import StoredRun, read_run
from benchmark.verification.errors_in_cells import Group


@dataclass(frozen=True)
class GivenThresholds:
    """Where thresholds come from, and what they are.

    Attributes:
        run: name of the other run's folder.
        dataset: that it was tested on.
        protocol: likewise.
        by_group: for each recogniser, arm and size the threshold of each target FMR.
    """

    run: str
    dataset: str
    protocol: str
    by_group: Mapping[Group, Mapping[float, float]]

    def facts(self) -> dict[str, Any]:
        """For the manifest."""
        groups: list[dict[str, Any]] = [
            {"recogniser": recogniser, "acquisition": arm, "size": size, "thresholds": {**by_target}}
            for (recogniser, arm, size), by_target in self.by_group.items()
        ]
        return {"run": self.run, "dataset": self.dataset, "protocol": self.protocol, "groups": groups}


def thresholds_from(folder: Path, config: RunConfig, recognisers: Mapping[str, Recogniser]) -> GivenThresholds:
    """The thresholds of a stored run, for the recognisers, arms and size of this one and the targets of both.

    Args:
        folder: the folder of a finished run.
        config: of this run.
        recognisers: of this run, by label.

    Raises:
        RequestError: the folder holds no finished run, or that run lacks a recogniser, has other weights for it,
            another size or arm, or no target in common: its thresholds then say nothing about this one.
    """
    given = read_run(folder)
    size = str(config.size)
    by_group: dict[Group, Mapping[float, float]] = {}
    for name, recogniser in recognisers.items():
        _check_weights(given, name, recogniser, folder)
        for arm in config.acquisition:
            rows = _raw_rows(given.metrics, name, arm, size)
            found = dict(zip(rows["target"].tolist(), rows["threshold"].tolist(), strict=True))
            if not found:
                raise RequestError(f"--thresholds-from {folder}: {_what_there_is(given, name, arm, size)}")
            shared = {target: found[target] for target in config.targets if target in found}
            if not shared:
                known = ",".join(f"{target:g}" for target in sorted(found, reverse=True))
                raise RequestError(
                    f"--thresholds-from {folder}: that run set thresholds of '{name}' at other false match rates; use "
                    f"--targets {known}"
                )
            by_group[name, arm, size] = shared
    about = given.manifest.get("config", {})
    return GivenThresholds(given.name, str(about.get("dataset", "")), str(about.get("protocol", "")), by_group)


def _raw_rows(metrics: pd.DataFrame, recogniser: str, arm: str, size: str) -> pd.DataFrame:
    """The rows of raw faces with a threshold that was set on them, one per target."""
    wanted = {
        "recogniser": recogniser,
        "acquisition": arm,
        "size": size,
        "method": "none",
        "condition": "raw-raw",
        "mask_type": "all",
        "metric": "gfrr",
        "threshold_kind": "matched",
    }
    chosen = metrics[(metrics[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    return chosen.dropna(subset=["target", "threshold"])


def _check_weights(given: StoredRun, name: str, recogniser: Recogniser, folder: Path) -> None:
    known = given.manifest.get("recognisers", {})
    if name not in known:
        raise RequestError(
            f"--thresholds-from {folder}: that run has no recogniser '{name}'; it has: {', '.join(known) or 'none'}"
        )
    theirs = known[name].get("sha256", "")
    if theirs != recogniser.card.sha256:
        raise RequestError(
            f"--thresholds-from {folder}: recogniser '{name}' had other weights in that run (SHA-256 {theirs[:12]}…, "
            f"here {recogniser.card.sha256[:12]}…); run it again with these"
        )


def _what_there_is(given: StoredRun, name: str, arm: str, size: str) -> str:
    metrics = given.metrics
    of_recogniser = metrics[(metrics["recogniser"] == name) & (metrics["condition"] == "raw-raw")]
    settings = sorted({f"{there} at {side} px" for there, side in of_recogniser[["acquisition", "size"]].to_numpy()})
    return (
        f"that run has no threshold of '{name}' for the arm {arm} at {size} px; it has: {', '.join(settings) or 'none'}"
    )
