"""``onnx:FILE`` as a method: any exported inpainting network, described by a YAML card beside the file."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import Tensor

from benchmark.machine.library_versions import libraries_in_key
from benchmark.methods.own_completers.completer_spec import CompleterSpec
from benchmark.methods.own_completers.file_completer import FileCompleter, FileSettings
from benchmark.methods.own_completers.onnx_inpainter import OnnxInpainter
from benchmark.own_networks.card_reading import CARD_ENDINGS, card_beside, read_card
from benchmark.own_networks.onnx_external_data import external_data_files, network_digest

log = logging.getLogger(__name__)

_CARDS = Path(__file__).with_name("ready_cards")

READY_CARDS = ("lama_fp32",)
"""Published files, by their name without ending, that are described in the folder ``ready_cards``: a card beside the
file goes first."""


class OnnxCompleter(FileCompleter):
    """The network in an ONNX file.

    Its card is the YAML file of the same name beside it, with the keys of `CompleterSpec`; of the files in
    `READY_CARDS` it is known. Without one the defaults of `CompleterSpec` are taken; that is said in the log and on the
    card.

    Args:
        file: exists.
        label: as tables call it.
        seed: the run's seed.
        device: a torch device name.

    Raises:
        RequestError: the file, the weights beside it or its card are not what they should be (see `OnnxInpainter`,
            `external_data_files` and `CompleterSpec`), or onnx or onnxruntime is missing.
        PluginError: the network cannot be run.
    """

    def __init__(self, file: Path, *, label: str, seed: int = 0, device: str = "cpu") -> None:
        super().__init__(label, seed=seed, device=device)
        beside = external_data_files(file)  # before anything is opened that a file may point to
        card = card_beside(file)
        ready = card is None and file.stem in READY_CARDS
        described_by = card.name if card else "a card of this program" if ready else "no card: defaults taken"
        spec = CompleterSpec()
        if card is not None:
            spec = read_card(card, CompleterSpec)
        elif ready:
            spec = read_card(_CARDS / f"{file.stem}.yaml", CompleterSpec)
        self.network_in_file = OnnxInpainter(file, spec, device=device)
        self.spec = self.network_in_file.spec
        digest, libraries = network_digest(file), libraries_in_key("onnxruntime")["libraries"]
        self.settings = FileSettings(digest, self.spec.settings, f"onnxruntime {libraries['onnxruntime']}")
        self.file_name = file.name
        self.card = self.spec.card(
            summary=spec.summary or f"the network in {file.name}",
            licence=spec.licence if card or ready else "not stated: there is no card beside the file",
            weights_source=f"{', '.join((file.name, *beside))}, described by {described_by}",
            sha256=digest,
        )
        self._say(file, described_by, found=card is not None or ready)

    def painted(self, picture: Tensor, mask: Tensor) -> Tensor:
        """What the network gives; see `FileCompleter.painted`."""
        given = self.network_in_file(picture.cpu().numpy(), mask.cpu().numpy())
        return torch.from_numpy(given).to(picture.device)

    def portion(self, height: int, width: int) -> int:
        """As many as the file fixes; one where it cannot handle several."""
        return self.network_in_file.batch or super().portion(height, width)

    def _say(self, file: Path, described_by: str, *, found: bool) -> None:
        if not found:
            spec = self.spec
            log.warning(
                "%s has no card (%s): assuming pictures of %g to %g, %s, a mask of %g where covered, output likewise",
                self.named,
                file.with_suffix(CARD_ENDINGS[0]).name,
                *spec.values,
                spec.channels.upper(),
                spec.mask_values[1],
            )
        elif described_by.startswith("a card of"):
            log.warning(
                "%s is read as the published file of that name (%s); a card beside it (%s) would go first",
                self.named,
                self.spec.source,
                file.with_suffix(CARD_ENDINGS[0]).name,
            )
