"""From a name on the command line to a method: ``NAME``, ``NAME:PRESET`` or ``DETECTOR+COMPLETER``."""

from __future__ import annotations

from benchmark.errors import PluginError, PluginNotMade, RequestError
from benchmark.methods.adapters.detected_probes import DetectedProbes
from benchmark.methods.base import Method, RecogniserAdapter, Unmasker
from benchmark.methods.detect_inpaint import DetectInpaint
from benchmark.methods.detectors.base import Detector
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugins import METHODS

DEFAULT_DETECTOR = "segmenter"
"""The detector of a completer that is named alone."""


def resolve_method(name: str, *, seed: int = 0, device: str = "cpu") -> Method:
    """The method that `name` asks for, not yet fitted.

    Args:
        name: ``NAME``, ``NAME:PRESET``, or ``DETECTOR+COMPLETER`` (each with its preset, if wanted). A completer named
            alone, ``telea``, means ``segmenter+telea``; both spellings give a method whose `name` is ``telea``.
        seed: the run's seed.
        device: a torch device name.

    Raises:
        RequestError: an unknown name or preset (the nearest is suggested), a method that does not work on this
            machine, or halves that do not fit together.
        PluginNotMade: its constructor raises.
    """
    first, plus, second = name.partition("+")
    if not plus:
        method = _instance(first, seed=seed, device=device)
        if method.alone:
            raise RequestError(f"'{method.name}' {method.alone.format(name=method.name)}")
        if isinstance(method, Unmasker) and method.needs_holes:
            return _joined(DEFAULT_DETECTOR, method)
        return method
    completer = _instance(second, seed=seed, device=device)
    if isinstance(completer, RecogniserAdapter):
        return _detected(first, completer)
    if not (isinstance(completer, Unmasker) and completer.needs_holes):
        raise RequestError(f"'{completer.name}' fills no holes, so it takes no detector; ask for '{second}' alone")
    return _joined(first, completer)


def resolve_parts(name: str, *, seed: int = 0, device: str = "cpu") -> tuple[Method, ...]:
    """Exactly the part called `name`, to be trained: a completer without a detector, or a detector alone.

    Raises:
        RequestError: an unknown name or preset, or a method that does not work on this machine.
    """
    halves = [_instance(text, seed=seed, device=device) for text in name.split("+")]
    return tuple(part for half in halves for part in half.parts())


def selectable_methods() -> tuple[tuple[str, ...], dict[str, str]]:
    """What ``--methods all`` means.

    Returns:
        The names of every listed method but detectors and other parts; and those that are left out, with the reason:
        slow ones, and those that do not work here.
    """
    names: list[str] = []
    left_out: dict[str, str] = {}
    for name in METHODS.names():
        try:
            cls = METHODS.load(name)
            with plugin_code(f"method '{name}' fails in availability()"):
                available = cls.availability()
        except PluginError as error:  # one broken package must not stop the rest
            left_out[name] = str(error)
            continue
        if cls.alone:
            continue
        if not available.available:
            left_out[name] = available.reason
        elif cls.card.slow:
            left_out[name] = "too slow for --methods all; name it to run it"
        else:
            names.append(name)
    return tuple(names), left_out


def _instance(text: str, *, seed: int, device: str) -> Method:
    name, _, preset = text.partition(":")
    cls = METHODS.load(name)
    with plugin_code(f"method '{name}' fails in availability()"):
        available = cls.availability()
    if not available.available:
        raise RequestError(f"method '{name}' does not work here: {available.reason}")
    with plugin_code(f"method '{name}' cannot be made", error=PluginNotMade):
        method = cls(preset=preset or None, seed=seed, device=device)
    method.name = name
    return method


def _joined(detector_text: str, completer: Unmasker) -> DetectInpaint:
    detector = _detector(detector_text, completer)
    default = detector.name == DEFAULT_DETECTOR and detector.preset == next(iter(detector.presets))
    return DetectInpaint(detector, completer, name=completer.name if default else f"{detector_text}+{completer.name}")


def _detected(detector_text: str, adapter: RecogniserAdapter) -> DetectedProbes:
    detector = _detector(detector_text, adapter)
    if detector.card.privileged:
        raise RequestError(
            f"'{detector_text}+{adapter.name}': an adapter needs no hole, only whether there is a mask; ask for "
            f"'{DEFAULT_DETECTOR}+{adapter.name}', or for '{adapter.name}' alone"
        )
    return DetectedProbes(detector, adapter, name=f"{detector_text}+{adapter.name}")


def _detector(text: str, behind: Method) -> Detector:
    """The detector called `text`, to put before another method."""
    detector = _instance(text, seed=behind.seed, device=behind.device)
    if not isinstance(detector, Detector):
        raise RequestError(
            f"'{detector.name}' is not a detector; known are: {', '.join(_detector_names())}, as in "
            f"'{DEFAULT_DETECTOR}+{behind.name}'"
        )
    return detector


def _detector_names() -> list[str]:
    names = []
    for name in METHODS.names():
        try:
            if issubclass(METHODS.load(name), Detector):
                names.append(name)
        except PluginError:
            continue
    return names
