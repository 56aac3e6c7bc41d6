"""What keeps `paired-gan` in balance: its default preset with one thing taken away at a time. A plugin for `train`.

    python run_benchmark.py train --plugin docs/paired_gan_balance.py --method paired-gan-balance:ungated --size 64 …

The columns ``train_losses_d``, ``train_losses_g``, ``train_real_scores``, ``train_fake_scores`` of losses.csv are
those of the thesis's figure 14.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from benchmark.methods.learned.paired_gan import PairedGan, PairedGanSettings
from benchmark.plugins import register_method

_OURS, _THESIS = PairedGan.presets["tuned"], PairedGan.presets["thesis-512"]
_TUNED = replace(_OURS, training=replace(_OURS.training, epochs=_THESIS.training.epochs))


@register_method("paired-gan-balance")
class PairedGanBalance(PairedGan):
    """`paired-gan`, for nine epochs as in the thesis; see `presets`.

    * ``tuned``: nothing taken away.
    * ``ungated``: the discriminator learns from every batch, however good it is.
    * ``apart``: it sees real and restored faces in batches of their own.
    * ``sharp``: its targets are 0 and 1.
    * ``fast``: it learns as fast as the generator.
    * ``thesis-judge``: the thesis's score (`PairedDiscriminator`), ungated, apart, sharp.
    * ``thesis``: the preset ``thesis-512`` at the size of the pairs.
    """

    presets: ClassVar[dict[str, PairedGanSettings]] = {
        "tuned": _TUNED,
        "ungated": replace(_TUNED, rests_above=None),
        "apart": replace(_TUNED, judges_together=False),
        "sharp": replace(_TUNED, smoothing=0.0),
        "fast": replace(_TUNED, discriminator_rate=_TUNED.learning_rate),
        "thesis-judge": replace(_TUNED, linear_score=False, rests_above=None, judges_together=False, smoothing=0.0),
        "thesis": replace(_THESIS, training=replace(_THESIS.training, size=None)),
    }
