"""What all adversarial trainings share: losses, the balance between the networks, and moving averages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.training.processes import mean_over_processes


def discriminator_loss(real: Tensor, fake: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """Binary cross-entropy of a discriminator that answers in logits: −log σ(real) − log(1 − σ(fake)), averaged.

    Goodfellow et al., *Generative Adversarial Nets*, 2014, equation 1.

    Args:
        real: logits, any shape.
        fake: logits, any shape.
        smoothing: the target of real images is 1 − `smoothing` (Salimans et al. 2016, section 3.4: one-sided).
    """
    wanted = torch.full_like(real, 1 - smoothing)
    on_real = functional.binary_cross_entropy_with_logits(real, wanted)
    return on_real + functional.softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """The non-saturating loss of a generator: −log σ(fake), averaged (Goodfellow et al. 2014, section 3)."""
    return functional.softplus(-fake).mean()


def hinge_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """max(0, 1 − real) + max(0, 1 + fake), averaged. Lim and Ye, *Geometric GAN*, 2017."""
    return functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()


def gradient_penalty(real: Tensor, images: Tensor) -> Tensor:
    """R1: the squared length of the discriminator's gradient at real images, averaged.

    Mescheder, Geiger and Nowozin, *Which Training Methods for GANs do actually Converge?*, 2018, equation 9 (the
    factor γ/2 is the caller's).

    Args:
        real: logits of `images`, one a row or several.
        images: ``(B, C, H, W)``, with ``requires_grad``.
    """
    (gradient,) = torch.autograd.grad(real.sum(), images, create_graph=True)
    return gradient.float().square().flatten(1).sum(1).mean()


def discriminator_accuracy(real: Tensor, fake: Tensor) -> Tensor:
    """Share of right answers, a logit above 0 meaning "real"; real and fake count alike, and so do all processes.

    >>> float(discriminator_accuracy(torch.tensor([2.0, -1.0]), torch.tensor([-3.0, -0.5])))
    0.75
    """
    return mean_over_processes(((real > 0).float().mean() + (fake < 0).float().mean()) / 2)


def judgement(loss: Tensor, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """What every loss table says of a discriminator, under the names of the thesis's figure 14.

    Args:
        loss: the discriminator's; the generator's is beside it as ``losses_g``.
        real: logits of real images, any shape.
        fake: logits of the generator's images, any shape.

    Returns:
        ``losses_d``; ``real_scores`` and ``fake_scores``, the mean probability of being real that it gives either; and
        ``discriminator_accuracy``, see `discriminator_accuracy`.
    """
    real, fake = real.detach(), fake.detach()
    return {
        "losses_d": loss,
        "real_scores": real.sigmoid().mean(),
        "fake_scores": fake.sigmoid().mean(),
        "discriminator_accuracy": discriminator_accuracy(real, fake),
    }


def discriminator_rests(
    accuracy: Tensor, above: float | None, *, running: Tensor | None = None, memory: float = 0.95
) -> bool:
    """Whether a discriminator skips a step, because it classifies too many images correctly for the generator to learn.

    Args:
        accuracy: of this batch, see `discriminator_accuracy`.
        above: it rests while its accuracy is above this share; None = it never rests.
        running: its accuracy so far, a buffer of the discriminator, which is moved towards this batch's and decides in
            its place; None = the batch alone decides.
        memory: share of `running` that stays.

    >>> discriminator_rests(torch.tensor(0.9), above=0.8), discriminator_rests(torch.tensor(0.9), above=None)
    (True, False)
    >>> discriminator_rests(torch.tensor(0.9), above=0.8, running=torch.tensor(0.5))
    False
    """
    if running is not None:
        running.lerp_(accuracy.detach().to(running.dtype), 1 - memory)
    return above is not None and float(accuracy if running is None else running) > above


@contextmanager
def frozen(*modules: nn.Module) -> Iterator[None]:
    """Gradients pass through the modules and do not collect in them: for the other side's step."""
    parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


@torch.no_grad()
def update_average(average: nn.Module, source: nn.Module, decay: float, *, step: int) -> None:
    """Move `average`'s parameters towards `source`'s: a ← decay · a + (1 − decay) · s; buffers are copied.

    Karras et al., *Progressive Growing of GANs*, 2018, section 6.1: images are made by the average.

    Args:
        average: changed in place.
        source: of the same architecture.
        decay: in [0, 1]; at first at most (1 + `step`) / (10 + `step`): a young average would still hold the weights
            that the network was born with.
        step: training steps done before this one.
    """
    decay = min(decay, (1 + step) / (10 + step))
    current = dict(source.named_parameters())
    kept = dict(average.named_parameters())
    torch._foreach_lerp_(list(kept.values()), [current[name].to(own.dtype) for name, own in kept.items()], 1 - decay)
    buffers = dict(source.named_buffers())
    for name, buffer in average.named_buffers():
        buffer.copy_(buffers[name])
