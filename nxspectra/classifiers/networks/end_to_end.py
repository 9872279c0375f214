"""Trains the binned network that finds the weights of its bins by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nxspectra.classifiers.networks.curves import (
    AT_ONCE_CONVOLVED,
    State,
    chosen_device,
    cross_entropy,
    state_of,
)
from nxspectra.classifiers.networks.repeating import repeatable

Floats = NDArray[np.float64]

PIECE = 1024
"""Points, all bins together, that are worked on at a time: the hidden layer then stays in a core's cache."""

STATISTICS = ("running_mean", "running_var")
"""What batch normalisation keeps of the batches it has seen."""


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
        points = rows.permute(1, 2, 0)
        weight, bias = _stacked(self.second)
        padded = torch.cat([points, torch.ones_like(points[:, :1])], dim=1)
        said: Tensor = _Hidden.apply(self._normal_first(points), weight, padded)  # type: ignore[no-untyped-call]
        normal = self.last_normal((said + bias.unsqueeze(2)).permute(2, 0, 1).reshape(len(rows), -1))
        weighed: Tensor = self.weigh(torch.sigmoid(normal))
        return weighed

    def _normal_first(self, points: Tensor) -> Tensor:
        """The first layer and its batch normalisation as one layer, (n_bins, hidden, 3), the bias last.

        Means and variances of a linear layer follow from those of the two numbers that go in, so that the
        hidden values need not be there at once.
        """
        weight, bias = _stacked(self.first)
        layer = self.normal
        scale, shift = layer.weight.view_as(bias), layer.bias.view_as(bias)
        if self.training:
            centre = points.mean(dim=2)
            apart = points - centre.unsqueeze(2)
            spread = apart @ apart.transpose(1, 2) / points.shape[2]
            mean = torch.einsum("bhd,bd->bh", weight, centre) + bias
            variance = torch.einsum("bhd,bde,bhe->bh", weight, spread, weight)
            _remember(layer, mean.detach().flatten(), variance.detach().flatten(), points.shape[2])
        else:
            mean, variance = (layer.get_buffer(each).view_as(bias) for each in STATISTICS)
        scale = scale * torch.rsqrt(variance + layer.eps)
        return torch.cat([weight * scale.unsqueeze(2), ((bias - mean) * scale + shift).unsqueeze(2)], dim=2)


class _Hidden(torch.autograd.Function):
    """`second` (n_bins, n_classes, hidden) times the ReLU of `first` (n_bins, hidden, 3) times points.

    The hidden values are worked on in pieces that stay in a core's cache, and once more for the gradients,
    which follow from one product as in `binned`.
    """

    @staticmethod
    def forward(ctx: Any, first: Tensor, second: Tensor, points: Tensor) -> Tensor:
        """(n_bins, n_classes, n) for points (n_bins, 3, n), of which the third is 1."""
        ctx.save_for_backward(first, second, points)
        return torch.cat([second @ (first @ part).relu_() for part in _pieces(points)], dim=2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        first, second, points = ctx.saved_tensors
        bins, classes, hidden = second.shape
        product = first.new_zeros(bins, 3 * classes, hidden)
        for part, error in zip(_pieces(points), _pieces(gradients[0]), strict=True):
            active = (first @ part).relu_().sign_()
            spread = (error.unsqueeze(2) * part.unsqueeze(1)).reshape(bins, 3 * classes, -1)
            product.baddbmm_(spread, active.transpose(1, 2))
        each = product.reshape(bins, classes, 3, hidden)
        return (
            torch.einsum("bkdh,bkh->bhd", each, second),
            torch.einsum("bkdh,bhd->bkh", each, first),
            None,
        )


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


def _stacked(layers: nn.ModuleList) -> tuple[Tensor, Tensor]:
    """Weights and biases of the bins' layers, (n_bins, n_out, n_in) and (n_bins, n_out)."""
    return (
        torch.stack([each.weight for each in layers]),  # type: ignore[misc]
        torch.stack([each.bias for each in layers]),  # type: ignore[misc]
    )


def _pieces(values: Tensor) -> tuple[Tensor, ...]:
    """Values (n_bins, any, n) a few points at a time; on a GPU all of them."""
    size = max(1, PIECE // len(values)) if values.device.type == "cpu" else values.shape[2]
    return values.split(size, dim=2)  # type: ignore[no-untyped-call, no-any-return]


@torch.no_grad()
def _remember(layer: nn.BatchNorm1d, mean: Tensor, variance: Tensor, number: int) -> None:
    """Running statistics as torch keeps them: a mean over all batches where there is no momentum."""
    seen = layer.get_buffer("num_batches_tracked").add_(1)
    share = 1.0 / float(seen) if layer.momentum is None else layer.momentum
    kept_mean, kept_variance = (layer.get_buffer(each) for each in STATISTICS)
    kept_mean.lerp_(mean, share)
    kept_variance.lerp_(variance * (number / max(1, number - 1)), share)


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
