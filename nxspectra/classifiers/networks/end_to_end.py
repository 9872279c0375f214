"""Trains the binned network that finds the weights of its bins by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nxspectra.classifiers.networks.curves import (
    AT_ONCE_CONVOLVED,
    State,
    chosen_device,
    cross_entropy,
    repeatable,
    state_of,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Recipe:
    """Adam on all rows until the loss or the accuracy of the rows is enough."""

    hidden: int
    iterations: int
    learning_rate: float
    weight_decay: float
    enough_loss: float
    enough_accuracy: float


class EndToEnd(nn.Module):
    """A network a bin, and one layer that weighs what they say; a row is one point of every bin."""

    def __init__(self, bins: int, hidden: int, n_classes: int) -> None:
        super().__init__()
        self.first = nn.ModuleList(nn.Linear(2, hidden) for _ in range(bins))
        self.normal = nn.BatchNorm1d(bins * hidden)
        self.second = nn.ModuleList(nn.Linear(hidden, n_classes) for _ in range(bins))
        self.last_normal = nn.BatchNorm1d(bins * n_classes)
        self.weigh = nn.Linear(bins * n_classes, 1 if n_classes == 2 else n_classes)

    def forward(self, rows: Tensor) -> Tensor:
        """(n_rows, n_outputs) for rows (n_rows, n_bins, 2)."""
        wide = torch.cat([layer(rows[:, index]) for index, layer in enumerate(self.first)], dim=1)
        active = torch.relu(self.normal(wide)).reshape(len(rows), len(self.second), -1)
        said = torch.cat([layer(active[:, index]) for index, layer in enumerate(self.second)], dim=1)
        weighed: Tensor = self.weigh(torch.sigmoid(self.last_normal(said)))
        return weighed


def train(
    two_theta: Floats,
    intensity: Floats,
    class_index: NDArray[np.int64],
    *,
    n_classes: int,
    recipe: Recipe,
    seed: int,
    device: str,
) -> tuple[State, int]:
    """The weights, and after how many iterations they were enough.

    `two_theta` is (n_bins, n_in_bin), `intensity` (n_spectra, n_bins, n_in_bin). Gradients are those of all
    rows at once; batch normalisation sees those of 64 spectra at a time, so that memory does not grow.
    """
    where = chosen_device(device)
    angles = torch.from_numpy(two_theta.astype(np.float32)).T.to(where)
    curves = torch.from_numpy(intensity.astype(np.float32)).to(where)
    classes = torch.from_numpy(class_index).to(where)
    n_bins, n_in_bin = two_theta.shape
    with repeatable(seed):
        network = EndToEnd(n_bins, recipe.hidden, n_classes).to(where)
        order = torch.randperm(len(curves))
        parts = order.tensor_split(-(-len(order) // AT_ONCE_CONVOLVED))
        rows = [_rows(angles, curves[part]) for part in parts]
        right = [classes[part].repeat_interleave(n_in_bin) for part in parts]
        adam = torch.optim.Adam(
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        done = 0
        while done < recipe.iterations:
            done += 1
            adam.zero_grad()
            loss, hits = 0.0, 0
            for each, known in zip(rows, right, strict=True):
                logits = network(each)
                share = cross_entropy(logits, known) * (len(each) / (len(curves) * n_in_bin))
                share.backward()
                loss += share.item()
                hits += int((given(logits) == known).sum())
            adam.step()
            if loss < recipe.enough_loss or hits / (len(curves) * n_in_bin) > recipe.enough_accuracy:
                break
        _settle(network, rows)
        return state_of(network), done


def given(logits: Tensor) -> Tensor:
    """The class of each row."""
    return (logits[:, 0] > 0).long() if logits.shape[1] == 1 else logits.argmax(dim=1)


def _rows(angles: Tensor, curves: Tensor) -> Tensor:
    """(n_spectra * n_in_bin, n_bins, 2): two theta and intensity of the i-th point of every bin."""
    each = curves.transpose(1, 2)
    return torch.stack([angles.expand_as(each), each], dim=3).reshape(-1, angles.shape[1], 2)


@torch.no_grad()
def _settle(network: EndToEnd, rows: list[Tensor]) -> None:
    """Batch normalisation from now on uses the statistics of all rows of training."""
    for layer in (network.normal, network.last_normal):
        layer.reset_running_stats()
        layer.momentum = None
    for each in rows:
        network(each)
