"""What networks that play against each other share: losses, the balance between them, and moving averages."""

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
    for name, parameter in average.named_parameters():
        parameter.lerp_(current[name].to(parameter.dtype), 1 - decay)
    buffers = dict(source.named_buffers())
    for name, buffer in average.named_buffers():
        buffer.copy_(buffers[name])
