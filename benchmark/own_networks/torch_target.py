"""A torch network that a user names as ``MODULE:ATTR`` or ``FILE.py:ATTR``: found, built, checked, digested."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from benchmark.errors import PluginNotLoaded, RequestError
from benchmark.plugin_code.digest import code_digest, module_digest
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugin_code.importer import is_beside, load_file, load_module, plugin_folders
from benchmark.plugin_code.keys import digest_or_unstored
from benchmark.plugin_code.object_state import object_digest


@dataclass(frozen=True)
class TorchTarget:
    """What a name stands for.

    Attributes:
        text: as the user wrote it.
        flag: of the command line that it was given to, for messages.
        module: the imported module.
        attribute: what it has there.
    """

    text: str
    flag: str
    module: ModuleType
    attribute: Any

    @property
    def named(self) -> str:
        """As messages name it: ``"--methods mine.py:Net"``."""
        return f"{self.flag} {self.text}"

    def built(self) -> nn.Module:
        """The network: the attribute, or what it gives when it is called without arguments.

        Raises:
            RequestError: it gives none.
        """
        if isinstance(self.attribute, nn.Module):
            return self.attribute
        if not callable(self.attribute):
            raise RequestError(
                f"{self.named} is of type {type(self.attribute).__name__}; name a torch module, its class, or a "
                "function without arguments that returns one"
            )
        build: Callable[[], Any] = self.attribute
        with plugin_code(f"{self.named}() fails without arguments", error=RequestError):
            network = build()
        if not isinstance(network, nn.Module):
            raise RequestError(f"{self.named}() gives {type(network).__name__} where a torch module is needed")
        return network

    def check_parameters(self, network: nn.Module) -> None:
        """Refuse a network without numbers.

        Raises:
            RequestError: a parameter has no shape yet, or is on no device.
        """
        for name, value in network.state_dict(keep_vars=True).items():
            if isinstance(value, UninitializedParameter | UninitializedBuffer):
                raise RequestError(
                    f"{self.named}: '{name}' has no shape yet (a lazy module); call the network once, or give it "
                    "its weights, before you hand it over"
                )
            if isinstance(value, Tensor) and value.is_meta:
                raise RequestError(
                    f"{self.named}: '{name}' is on the device 'meta' and holds no numbers; load the weights "
                    "before you hand the network over"
                )

    def digest(self, network: nn.Module) -> str:
        """SHA-256 of the parameters and whatever else the network's state holds, and of the code of the module and of
        the network's class."""
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
        for code in (module_digest(self.module), code_digest(network)):
            content.update(digest_or_unstored(code).encode())
        return content.hexdigest()


def find_target(text: str, *, flag: str) -> TorchTarget:
    """Import the module of ``MODULE:ATTR`` or ``FILE.py:ATTR``: from the working folder, from where Python finds
    packages, or from the folder of a ``--plugin`` file.

    Args:
        text: as the user wrote it.
        flag: of the command line, for messages.

    Raises:
        RequestError: there is no such file, module or attribute.
        PluginNotLoaded: it cannot be imported.
    """
    place, _, name = text.rpartition(":")
    with plugin_code(f"{flag} {text} cannot be imported", error=PluginNotLoaded):
        module = _imported(place, f"{flag} {text}")
    attribute: Any = module
    for part in name.split("."):
        if not hasattr(attribute, part):
            raise RequestError(f"{flag} {text}: {place} has no '{name}'{_networks_in(module)}")
        attribute = getattr(attribute, part)
    return TorchTarget(text, flag, module, attribute)


def _imported(place: str, named: str) -> ModuleType:
    file = Path(place).expanduser()
    if file.suffix == ".py":
        if not file.is_file():
            raise RequestError(f"{named}: no such file {file}")
        return load_file(file)
    top = place.partition(".")[0]
    folder = next((folder for folder in (Path.cwd(), *plugin_folders()) if is_beside(top, folder)), None)
    if folder is not None:
        return load_module(place, folder)
    if importlib.util.find_spec(top) is None:
        raise RequestError(
            f"{named}: no module '{place}' in {Path.cwd()} or among the installed packages; write "
            "MODULE:ATTR or FILE.py:ATTR"
        )
    return importlib.import_module(place)


def _networks_in(module: Any) -> str:
    names = [
        name
        for name, value in vars(module).items()
        if isinstance(value, nn.Module)
        or (isinstance(value, type) and issubclass(value, nn.Module) and value.__module__ == module.__name__)
    ]
    return f"; it has: {', '.join(names)}" if names else ""
