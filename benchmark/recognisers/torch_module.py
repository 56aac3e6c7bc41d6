"""``MODULE:ATTR``: a torch network of the user's own, described by a ``CARD`` beside it."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import io
import logging
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from benchmark.errors import PluginNotLoaded, RequestError
from benchmark.faces import FaceGeometry, Image
from benchmark.plugin_code.digest import code_digest, module_digest
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugin_code.importer import is_beside, load_file, load_module, origin_of, plugin_folders
from benchmark.plugin_code.keys import digest_or_unstored
from benchmark.plugin_code.object_state import object_digest
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.network_output import embedding_in
from benchmark.recognisers.recogniser_spec import RecogniserSpec, spec_from
from benchmark.recognisers.state_dict_file import fill, read_state_dict
from benchmark.recognisers.torch_recogniser import TorchRecogniser

log = logging.getLogger(__name__)

_CARD = "CARD"


class ModuleRecogniser(TorchRecogniser):
    """A `torch.nn.Module` that somebody names as ``MODULE:ATTR`` or ``FILE.py:ATTR``.

    ATTR is an instance, a class that needs no arguments, or a function without arguments that returns an instance. The
    module is imported from the working folder, from where Python finds packages, or from the folder of a ``--plugin``
    file. Its card is the dictionary ``CARD`` of the network, else of ATTR, else of the module, with the keys of
    `RecogniserSpec`; without one ArcFace's way with faces is taken, and that is said in the log.

    Stored embeddings are found again by the network's parameters and the code of the module: its file and what that
    imports (see `benchmark.plugin_code.digest`).

    Args:
        target: ``MODULE:ATTR``.
        device: a torch device name.
        precision: ``"float32"`` or ``"bfloat16"``.
        weights: a state dict to put into the network; None = as it is built.

    Raises:
        RequestError: there is no such module or attribute, it cannot be imported, is no network, or its card is wrong.
        PluginError: the network fails, gives anything but one row per face, or the weights do not fit it.
    """

    def __init__(
        self, target: str, *, device: str = "cpu", precision: str = "float32", weights: Path | None = None
    ) -> None:
        self._target = target
        super().__init__(device=device, precision=precision, weights=weights)
        self._check_output()

    def load_network(self) -> nn.Module:
        """The network that the target names, with its weights; sets the card."""
        module, attribute = _found(self._target)
        network = _built(attribute, self._target)
        if self.weights is not None:
            if not self.weights.is_file():
                raise RequestError(f"--weights {self._target}={self.weights}: no such file")
            fill(network, read_state_dict(self.weights), file=self.weights, architecture=self._target)
        _check_parameters(network, self._target)
        owner = next((owner for owner in (network, attribute, module) if hasattr(owner, _CARD)), None)
        self._spec = (
            RecogniserSpec()
            if owner is None
            else spec_from(getattr(owner, _CARD), of=f"{_CARD} of {origin_of(module.__name__)}")
        )
        self.settings = self._spec.settings
        self.card = self._spec.card(
            summary=self._spec.summary or f"the network {self._target}",
            trained_on=self._spec.trained_on or ("unknown",),
            parameters={"network": sum(parameter.numel() for parameter in network.parameters())},
            weights_source=self.weights.name if self.weights else self._target,
            sha256=_digest_of(network, module),
        )
        if owner is None:
            log.warning(
                "%s has no %s: assuming %d×%d pixels, %s, %s, %s",
                self._target,
                _CARD,
                *self.card.chip_size,
                self.card.normalisation,
                self.card.alignment,
                self.card.metric,
            )
        return network

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """The face on the card's template, ``uint8 (height, width, 3)``."""
        return self._spec.cut(image, face)

    def chip_grid(self, landmarks: Tensor, side: int) -> Tensor:
        """Where the pixels of its chips are in crops, ``float32 (B, h, w, 2)``."""
        return self._spec.chip_grid(landmarks, side)

    def forward(self, pixels: Tensor) -> Tensor:
        """Embeddings ``(N, D)``.

        Raises:
            PluginError: the network failed.
        """
        with plugin_code(f"{self._target} fails on faces of shape {tuple(pixels.shape)}"):
            return self._spec.embedded(self._called, pixels)

    def _called(self, inputs: Tensor) -> Tensor:
        return embedding_in(self.network(inputs), len(inputs), named=self._spec.output, network=self._target)

    def _check_output(self) -> None:
        """A network that does not fit is told of now, not after an hour of other work."""
        self.embed(np.zeros((1, *self._spec.size, 3), dtype=np.uint8))


def _found(target: str) -> tuple[ModuleType, Any]:
    """The imported module and its attribute."""
    place, _, name = target.rpartition(":")
    with plugin_code(f"--recognisers {target} cannot be imported", error=PluginNotLoaded):
        module = _imported(place, target)
    attribute: Any = module
    for part in name.split("."):
        if not hasattr(attribute, part):
            raise RequestError(f"--recognisers {target}: {place} has no '{name}'{_networks_in(module)}")
        attribute = getattr(attribute, part)
    return module, attribute


def _imported(place: str, target: str) -> ModuleType:
    file = Path(place).expanduser()
    if file.suffix == ".py":
        if not file.is_file():
            raise RequestError(f"--recognisers {target}: no such file {file}")
        return load_file(file)
    top = place.partition(".")[0]
    folder = next((folder for folder in (Path.cwd(), *plugin_folders()) if is_beside(top, folder)), None)
    if folder is not None:
        return load_module(place, folder)
    if importlib.util.find_spec(top) is None:
        raise RequestError(
            f"--recognisers {target}: no module '{place}' in {Path.cwd()} or among the installed packages; write "
            "MODULE:ATTR or FILE.py:ATTR"
        )
    return importlib.import_module(place)


def _built(attribute: Any, target: str) -> nn.Module:
    if isinstance(attribute, nn.Module):
        return attribute
    if isinstance(attribute, type) and issubclass(attribute, Recogniser):
        raise RequestError(
            f"--recognisers {target} is a recogniser already: register it with @register_recogniser, load it with "
            "--plugin and ask for its name"
        )
    if not callable(attribute):
        raise RequestError(
            f"--recognisers {target} is of type {type(attribute).__name__}; name a torch module, its class, or a "
            "function without arguments that returns one"
        )
    build: Callable[[], Any] = attribute
    with plugin_code(f"--recognisers {target}() fails without arguments", error=RequestError):
        network = build()
    if not isinstance(network, nn.Module):
        raise RequestError(f"--recognisers {target}() gives {type(network).__name__} where a torch module is needed")
    return network


def _check_parameters(network: nn.Module, target: str) -> None:
    for name, value in network.state_dict(keep_vars=True).items():
        if isinstance(value, UninitializedParameter | UninitializedBuffer):
            raise RequestError(
                f"--recognisers {target}: '{name}' has no shape yet (a lazy module); call the network once, or give it "
                "its weights, before you hand it over"
            )
        if isinstance(value, Tensor) and value.is_meta:
            raise RequestError(
                f"--recognisers {target}: '{name}' is on the device 'meta' and holds no numbers; load the weights "
                "before you hand the network over"
            )


def _networks_in(module: Any) -> str:
    names = [
        name
        for name, value in vars(module).items()
        if isinstance(value, nn.Module)
        or (isinstance(value, type) and issubclass(value, nn.Module) and value.__module__ == module.__name__)
    ]
    return f"; it has: {', '.join(names)}" if names else ""


def _digest_of(network: nn.Module, module: ModuleType) -> str:
    """Of the parameters and whatever else the network's state holds, and of the code of the module and of its class."""
    content = hashlib.sha256()
    for name, value in network.state_dict().items():
        if isinstance(value, Tensor) and value.layout == torch.strided and not value.is_quantized:
            content.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
            content.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
        else:  # quantised or sparse numbers, and what get_extra_state() gives
            content.update(f"{name} {digest_or_unstored(object_digest(value))}".encode())
    if isinstance(network, torch.jit.ScriptModule):  # its code, and constants that are no part of its state
        saved = io.BytesIO()
        torch.jit.save(network, saved)
        content.update(saved.getvalue())
    for code in (module_digest(module), code_digest(network)):
        content.update(digest_or_unstored(code).encode())
    return content.hexdigest()
