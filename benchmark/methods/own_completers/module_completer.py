"""``FILE.py:ATTR`` as a method: a user's own inpainting network of PyTorch, described by a ``CARD`` beside it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmark.errors import PluginError, RequestError
from benchmark.methods.method import Method
from benchmark.methods.own_completers.completer_spec import CompleterSpec
from benchmark.methods.own_completers.file_completer import FileCompleter, FileSettings, as_tensor
from benchmark.own_networks.card_reading import card_from
from benchmark.own_networks.torch_target import find_target
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugin_code.importer import origin_of
from benchmark.suggestions import did_you_mean

log = logging.getLogger(__name__)

_CARD = "CARD"
_TRIED_SIDE = 64


class ModuleCompleter(FileCompleter):
    """A `torch.nn.Module` that paints faces: called with a picture and a mask, or with both stacked, as its card says.

    ATTR is an instance, a class that needs no arguments, or a function without arguments that returns an instance; it
    has its weights already. Its card is the dictionary ``CARD`` of the network, else of ATTR, else of the module, with
    the keys of `CompleterSpec`; without one the defaults of `CompleterSpec` are taken, and that is said in the log.

    Stored pictures are found again by the network's parameters and the code of the module: its file and what that
    imports (see `benchmark.plugin_code.digest`).

    Args:
        target: ``FILE.py:ATTR``.
        label: as tables call it.
        seed: the run's seed.
        device: a torch device name.

    Raises:
        RequestError: there is no such file or attribute, it cannot be imported, is no network, or its card is wrong.
        PluginError: the network fails, or gives no picture.
    """

    def __init__(self, target: str, *, label: str, seed: int = 0, device: str = "cpu") -> None:
        super().__init__(label, seed=seed, device=device)
        found = find_target(target, flag="--methods")
        if isinstance(found.attribute, type) and issubclass(found.attribute, Method):
            raise RequestError(
                f"{found.named} is a method already: register it with @register_method, load it with --plugin and ask "
                "for its name"
            )
        network = found.built()
        found.check_parameters(network)
        owner = next((owner for owner in (network, found.attribute, found.module) if hasattr(owner, _CARD)), None)
        spec = CompleterSpec()
        if owner is not None:
            spec = card_from(getattr(owner, _CARD), CompleterSpec, of=f"{_CARD} of {origin_of(found.module.__name__)}")
        self.spec = spec
        digest = found.digest(network)
        self.settings = FileSettings(digest, spec.settings)
        self.file_name = Path(target.rpartition(":")[0]).name
        self.card = spec.card(
            summary=spec.summary or f"the network {label}",
            licence=spec.licence if owner is not None else "not stated: there is no card beside the network",
            parameters={"network": sum(parameter.numel() for parameter in network.parameters())},
            weights_source=label,
            sha256=digest,
        )
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        self.network = network.eval().to(device)
        if owner is None:
            log.warning(
                "%s has no %s: assuming a picture of %g to %g and a mask of %g where covered, output as the input",
                label,
                _CARD,
                *spec.values,
                spec.mask_values[1],
            )
        self._try()

    def painted(self, picture: Tensor, mask: Tensor) -> Tensor:
        """What the network gives; see `FileCompleter.painted`."""
        how = self.spec.inputs or "separate"
        with plugin_code(f"{self.named} fails on pictures of shape {tuple(picture.shape)}"):
            match how:
                case "stacked":
                    given = self.network(torch.cat([picture, mask], dim=1))
                case "mask-first":
                    given = self.network(torch.cat([mask, picture], dim=1))
                case "image":
                    given = self.network(picture)
                case _:
                    given = self.network(picture, mask)
        return as_tensor(self._chosen(given), named=self.named)

    def _chosen(self, given: Any) -> Any:
        """The picture, where the network returns several values."""
        if isinstance(given, list | tuple):
            given = {str(place): value for place, value in enumerate(given)}
        if not isinstance(given, dict):
            return given
        wanted = self.spec.output
        if wanted is None and len(given) == 1:
            return next(iter(given.values()))
        if wanted is None:
            raise PluginError(
                f"{self.named} gives {len(given)} outputs; name the picture in its card, as 'output: "
                f"{next(iter(given))}'"
            )
        if wanted not in given:
            hint = did_you_mean(wanted, list(given), listed="it has")
            raise PluginError(f"{self.named} gives no output '{wanted}', as its card says; {hint}")
        return given[wanted]

    def _try(self) -> None:
        """A network that does not fit is told of now, not after an hour of other work."""
        height, width = self.size_for(_TRIED_SIDE, _TRIED_SIDE)
        grey = torch.full((1, 3, height, width), 0.5, device=self.device)
        holes = torch.zeros((1, 1, height, width), device=self.device)
        holes[:, :, height // 2 :] = 1
        with torch.inference_mode():
            painted = self.painted(self.spec.picture(grey, holes), self.spec.mask(holes))
        if tuple(painted.shape) != (1, 3, height, width):
            raise PluginError(
                f"{self.named} gives a picture of shape {tuple(painted.shape)} where {(1, 3, height, width)} is "
                "needed, as large as its input and of three channels"
            )
