"""A detector in front of an adapter: only probes on which it finds a mask go through the changed network."""

from __future__ import annotations

from dataclasses import replace

from benchmark.methods.detectors.base import Detector
from benchmark.methods.method import Method
from benchmark.methods.recogniser_adapter import RecogniserAdapter


class DetectedProbes(Method):
    """``DETECTOR+ADAPTER``: a probe on which the detector marks a single pixel is held for masked. Without a mask it is
    compared as the unchanged recogniser does, with the unchanged template of the reference.

    Args:
        detector: looks at every probe.
        adapter: takes those that wear a mask.
        name: canonical name, as in tables.
    """

    fitted_to_recogniser = True

    def __init__(self, detector: Detector, adapter: RecogniserAdapter, *, name: str) -> None:
        super().__init__(seed=adapter.seed, device=adapter.device)
        self.name = name
        self.preset = adapter.preset
        self.settings = adapter.settings
        self.detector = detector
        self.adapter = adapter
        self.mask_source = detector.mask_source
        self.trains = True
        summary = (adapter.card.summary or (adapter.__doc__ or "").strip().partition("\n")[0]).rstrip(".")
        self.card = replace(
            adapter.card,
            summary=f"{summary} (only where {detector.name} finds a mask).",
            trained_on=tuple(dict.fromkeys((*adapter.card.trained_on, *detector.card.trained_on))),
            privileged=detector.card.privileged,
            slow=detector.card.slow or adapter.card.slow,
        )

    @property
    def label(self) -> str:
        """The name, with the adapter's preset where it is not the default one."""
        return self.name if self.adapter.label == self.adapter.name else f"{self.name}:{self.preset}"

    def parts(self) -> tuple[Method, ...]:
        """The detector's parts, then the adapter."""
        return (*self.detector.parts(), *self.adapter.parts())
