"""Pretraining on unlabelled curves: two changed views of one curve are to be known as such.

After Y. Sun et al., Sci. Rep. 13 (2023) 9370, doi 10.1038/s41598-023-36456-y, of whose method the abstract
and settings are public: relational reasoning (M. Patacchiola and A. Storkey, arXiv 2006.05849) and
contrast (X. Chen et al., arXiv 2003.04297). Their queue of earlier curves, kept for small batches, is left
out: all curves of a run are in one or a few batches here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nxspectra.classifiers.networks.attention import ChannelAttention
from nxspectra.classifiers.networks.curves import (
    State,
    chosen_device,
    integrated,
    portions,
    settle,
    state_of,
)
from nxspectra.classifiers.networks.layouts import FEATURES, OneChannel, convolved
from nxspectra.classifiers.networks.repeating import one_thread, repeatable
from nxspectra.errors import ModelError

Floats = NDArray[np.float64]

CHANNELS, WIDTH, LENGTH = 16, 128, 236
"""Of the published encoder: channels under attention, size of the embedding, angles that are left."""
TEMPERATURE = 0.1
"""What the likeness of two embeddings is divided by before they are compared."""
KNOTS = {"magnitude": 4, "time": 8}
"""Of the splines that change a curve, as published."""


@dataclass(frozen=True)
class Recipe:
    """How the encoder is pretrained."""

    epochs: int
    learning_rate: float
    weight_decay: float
    relation: float
    """What recognising two views of one curve weighs in the loss."""
    contrast: float
    """What finding the other view among those of all curves weighs."""
    magnitude: float
    """Standard deviation of the factor by which a view is brighter or darker along the axis."""
    warp: float
    """Standard deviation of the pace with which a view runs along the axis."""
    jitter: float
    """Standard deviation of the noise of a view, in those of a curve."""
    batch_size: int


class Encoder(nn.Module):
    """Convolutions, attention over angles and channels, and an embedding (n, 128) of length 1."""

    def __init__(self, points: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.LayerNorm(points),
            OneChannel(points),
            *convolved(1, FEATURES, 5, 2, 2),
            *convolved(FEATURES, CHANNELS, 5, 1, 2),
            nn.AdaptiveAvgPool1d(LENGTH),
        )
        self.embedding = nn.Sequential(nn.Linear(LENGTH, WIDTH), nn.LayerNorm(WIDTH))
        self.spatial = nn.MultiheadAttention(CHANNELS, 2, batch_first=True)
        self.channel = ChannelAttention()
        self.normal = nn.LayerNorm(WIDTH)
        self.merged = nn.Conv1d(CHANNELS, 1, 1)

    def forward(self, curves: Tensor) -> Tensor:
        maps = self.embedding(self.convolutions(curves))
        angles = maps.transpose(1, 2)
        spatial = self.spatial(angles, angles, angles, need_weights=False)[0].transpose(1, 2)
        together = self.merged(self.normal(maps + spatial + self.channel(maps))).squeeze(1)
        return nn.functional.normalize(together, dim=1)


def views(curves: Tensor, recipe: Recipe, chance: torch.Generator) -> Tensor:
    """The curves (n, points) as they might also have been: warped in magnitude and along the axis, noisy."""

    def wave(knots: int, spread: float) -> Tensor:
        drawn = torch.randn(len(curves), 1, knots + 2, generator=chance) * spread
        stretched = nn.functional.interpolate(drawn, curves.shape[1], mode="linear", align_corners=True)
        return stretched.squeeze(1)

    pace = torch.exp(wave(KNOTS["time"], recipe.warp)).cumsum(dim=1)
    last = curves.shape[1] - 1
    place = (pace - pace[:, :1]) / (pace[:, -1:] - pace[:, :1]).clamp_min(1e-9) * last
    left = place.floor().long().clamp(0, max(0, last - 1))
    right = (left + 1).clamp_max(last)
    share = place - left
    warped = curves.gather(1, left) * (1 - share) + curves.gather(1, right) * share
    noise = torch.randn(curves.shape, generator=chance) * recipe.jitter * curves.std(dim=1, keepdim=True)
    return warped * (1 + wave(KNOTS["magnitude"], recipe.magnitude)) + noise


def pretrain(curves: Floats, *, recipe: Recipe, seed: int, device: str) -> tuple[State, float]:
    """The encoder's weights, and the share of pairs of views that it told rightly in the last epoch."""
    where = chosen_device(device)
    values = torch.from_numpy(curves.astype(np.float32))
    chance = torch.Generator().manual_seed(seed)
    with repeatable(seed):
        encoder = Encoder(curves.shape[1])
        relation = nn.Sequential(
            nn.Linear(2 * WIDTH, 256), nn.BatchNorm1d(256), nn.LeakyReLU(), nn.Linear(256, 1)
        )
        both = nn.ModuleList([encoder, relation]).to(where)
        adam = torch.optim.Adam(both.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
        right = float("nan")
        for _ in range(recipe.epochs):
            hits: list[Tensor] = []
            order = torch.randperm(len(values), generator=chance)
            for part in order.tensor_split(-(-len(order) // recipe.batch_size)):
                if len(part) < 2:
                    continue  # one curve has none to be told from
                one, other = (encoder(views(values[part], recipe, chance).to(where)) for _ in range(2))
                told, loss = _related(relation, one, other)
                adam.zero_grad()
                total = recipe.relation * loss + recipe.contrast * _contrast(one, other)
                total.backward()  # type: ignore[no-untyped-call]
                adam.step()
                hits.append(told)
            right = float(torch.cat(hits).float().mean()) if hits else right
        settle(encoder, values.to(where))
        return state_of(encoder), right


def embed(points: int, state: State, X: Floats) -> Floats:
    """(n, 128) for finite curves (n, points)."""
    encoder = _encoder(points, state)
    with torch.no_grad(), one_thread():
        return np.asarray(
            torch.cat([encoder(part) for part in portions(encoder, torch.from_numpy(X))]).numpy()
        )


def integrated_gradients(
    points: int, state: State, X: Floats, *, baseline: Floats, weights: Floats
) -> Floats:
    """(n, points): the gradient of `weights` (n, 128) times the embedding, integrated from the baseline."""
    spoken = torch.from_numpy(weights).float()
    return integrated(
        _encoder(points, state).float(),
        X,
        baseline,
        lambda embedded, rows: (embedded * spoken[rows]).sum(dim=1),
    )


def _encoder(points: int, state: State) -> Encoder:
    with torch.device("meta"):
        encoder = Encoder(points)
    try:
        encoder.load_state_dict(
            {name: torch.from_numpy(np.array(value)) for name, value in state.items()}, assign=True
        )
    except RuntimeError as error:
        raise ModelError(f"the weights are not those of the encoder: {error}; train it again") from error
    return encoder.double().eval()


def _related(relation: nn.Module, one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Whether each pair was told rightly, and the loss: views of one curve, and of one and the next."""
    pairs = torch.cat([torch.cat([one, other], 1), torch.cat([one, other.roll(1, 0)], 1)])
    known = torch.cat([torch.ones(len(one)), torch.zeros(len(one))]).to(pairs.device)
    score = relation(pairs)[:, 0]
    loss = nn.functional.binary_cross_entropy_with_logits(score, known)
    return (score > 0) == (known > 0), loss


def _contrast(one: Tensor, other: Tensor) -> Tensor:
    """Each view finds the other of its curve among those of all curves of the batch."""
    likeness = one @ other.T / TEMPERATURE
    own = torch.arange(len(one), device=one.device)
    return 0.5 * (nn.functional.cross_entropy(likeness, own) + nn.functional.cross_entropy(likeness.T, own))
