"""Trains one small network a bin, all bins at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nxspectra.classifiers.networks.repeating import one_thread
from nxspectra.classifiers.thresholds import Networks

CHUNK = 256
"""Points of each bin that are worked on at a time, so that the hidden layers stay in a core's cache."""

Draw = Callable[[int], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Standardised two theta and intensity, (n_bins, n_points) each, for an iteration."""


@dataclass(frozen=True)
class Recipe:
    """How the networks are trained: Adam on the cross entropy of all points at once."""

    hidden: int
    learning_rate: float
    weight_decay: float
    iterations: int
    cosine: bool = False
    """Let the learning rate fall to zero along half a cosine."""


def train_networks(
    draw: Draw,
    classes: NDArray[np.int64],
    weight: NDArray[np.float64],
    *,
    n_classes: int,
    recipe: Recipe,
    rng: np.random.Generator,
) -> Networks:
    """The trained networks, for points standardised as `draw` gives them (their shift is 0 and scale 1).

    `classes` and `weight` are (n_points,), the same for every bin, in the order of the points that `draw`
    gives. The losses of the bins add and Adam is elementwise, so this is the same mathematics as one
    network after another. It runs on one thread: the products are small, and the same seed then gives the
    same weights on a machine with any number of cores.
    """
    with one_thread(), torch.no_grad():
        two_theta, _ = draw(0)
        bins = _Bins(len(two_theta), n_classes, recipe.hidden, rng)
        targets = torch.nn.functional.one_hot(torch.from_numpy(classes), n_classes).float().T.contiguous()
        weights = torch.from_numpy(weight / weight.sum()).float()
        adam = _Adam(bins.parameters, recipe.weight_decay)
        for iteration in range(recipe.iterations):
            points = torch.from_numpy(np.stack([*draw(iteration), np.ones_like(two_theta)], axis=1))
            share = iteration / recipe.iterations
            pace = 0.5 * (1 + math.cos(math.pi * share)) if recipe.cosine else 1.0
            adam.step(bins.gradients(points, targets, weights), recipe.learning_rate * pace)
        return bins.networks()


class _Bins:
    """The parameters of all bins' networks, and the gradient of the summed cross entropy in closed form."""

    def __init__(self, n_bins: int, n_classes: int, hidden: int, rng: np.random.Generator) -> None:
        # the usual start of torch.nn.Linear: uniform within 1 / sqrt(number of inputs), biases too
        one, two = 2**-0.5, hidden**-0.5
        self.first = _uniform(rng, one, (n_bins, hidden, 3))
        """Weights of two theta and intensity, and the bias."""
        self.second = _uniform(rng, two, (n_bins, n_classes, hidden))
        self.bias = _uniform(rng, two, (n_bins, n_classes, 1))

    @property
    def parameters(self) -> tuple[torch.Tensor, ...]:
        return self.first, self.second, self.bias

    def gradients(
        self, points: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """Of first, second and bias, for points (n_bins, 3, n), targets (n_classes, n) and weights (n,).

        With e the weighted error softmax - target, x a point and m the mask of active hidden units, every
        gradient follows from the one product G = sum over points of m (e x): that of the first layer is
        `second * G`, and, a hidden value being m (first · x), that of the second is `first · G`. Errors of
        all classes add up to 0, so those of the first class need not be carried along.
        """
        n_bins, n_classes, hidden = self.second.shape
        against = self.second[:, 1:] - self.second[:, :1]
        lift = self.bias[:, 1:] - self.bias[:, :1]
        product = torch.zeros(n_bins, 3 * (n_classes - 1), hidden)
        bias = torch.zeros_like(lift)
        active = torch.empty(n_bins, hidden, min(CHUNK, points.shape[2]))
        for start in range(0, points.shape[2], CHUNK):
            x = points[:, :, start : start + CHUNK]
            if x.shape[2] != active.shape[2]:
                active = torch.empty(n_bins, hidden, x.shape[2])
            torch.bmm(self.first, x, out=active).relu_()
            odds = torch.baddbmm(lift, against, active)
            share = torch.softmax(torch.nn.functional.pad(odds, (0, 0, 1, 0)), 1)[:, 1:]
            error = (share - targets[1:, start : start + CHUNK]) * weights[start : start + CHUNK]
            bias += error.sum(2, keepdim=True)
            spread = (error.unsqueeze(2) * x.unsqueeze(1)).reshape(n_bins, 3 * (n_classes - 1), -1)
            product.baddbmm_(spread, active.sign_().transpose(1, 2))
        each = product.reshape(n_bins, n_classes - 1, 3, hidden)
        first = torch.einsum("bkdh,bkh->bhd", each, against)
        second = torch.einsum("bkdh,bhd->bkh", each, self.first)
        return first, _with_first(second), _with_first(bias)

    def networks(self) -> Networks:
        first, second, bias = (each.double().numpy() for each in self.parameters)
        n_bins = len(first)
        return Networks(
            first[:, :, :2].copy(),
            first[:, :, 2].copy(),
            second,
            bias[:, :, 0].copy(),
            np.zeros((n_bins, 2)),
            np.ones((n_bins, 2)),
            np.tile((-np.inf, np.inf), (n_bins, 1)),
        )


class _Adam:
    """Kingma and Ba, arXiv 1412.6980; weight decay is added to the gradient, as in torch.optim.Adam."""

    def __init__(self, parameters: tuple[torch.Tensor, ...], weight_decay: float) -> None:
        self.parameters, self.weight_decay, self.steps = parameters, weight_decay, 0
        self.mean = [torch.zeros_like(each) for each in parameters]
        self.square = [torch.zeros_like(each) for each in parameters]

    def step(self, gradients: tuple[torch.Tensor, ...], learning_rate: float) -> None:
        self.steps += 1
        size = learning_rate / (1 - 0.9**self.steps)
        for value, gradient, mean, square in zip(
            self.parameters, gradients, self.mean, self.square, strict=True
        ):
            gradient.add_(value, alpha=self.weight_decay)
            mean.lerp_(gradient, 0.1)
            square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
            root = (square / (1 - 0.999**self.steps)).sqrt_().add_(1e-8)
            value.addcdiv_(mean, root, value=-size)


def logits(networks: Networks, two_theta: NDArray[np.float64], X: NDArray[np.float64]) -> NDArray[np.float32]:
    """The networks' own answer in float32, bin after bin, (n_spectra, n_points, n_classes).

    It is what the thresholds must agree with; classifying uses them instead.
    """
    number = two_theta.size // networks.n_bins
    answers = []
    with torch.no_grad():
        for index in range(networks.n_bins):
            first = _linear(networks.input_weight[index], networks.input_bias[index])
            second = _linear(networks.output_weight[index], networks.output_bias[index])
            inside = slice(index * number, (index + 1) * number)
            single = np.asarray(X[:, inside], dtype=np.float32)
            intensity = np.clip(single.astype(np.float64), *networks.reach[index])
            points = np.stack([np.broadcast_to(two_theta[inside], intensity.shape), intensity], axis=2)
            points = (points - networks.shift[index]) / networks.scale[index]
            answers.append(second(torch.relu(first(torch.from_numpy(points.astype(np.float32))))).numpy())
    return np.concatenate(answers, axis=1)


def _with_first(gradient: torch.Tensor) -> torch.Tensor:
    """The gradients of all classes, given those of all but the first; they add up to 0."""
    return torch.cat([-gradient.sum(1, keepdim=True), gradient], 1)


def _linear(weight: NDArray[np.float64], bias: NDArray[np.float64]) -> torch.nn.Linear:
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.copy_(torch.from_numpy(weight))
    layer.bias.copy_(torch.from_numpy(bias))
    return layer


def _uniform(rng: np.random.Generator, bound: float, shape: tuple[int, ...]) -> torch.Tensor:
    return torch.from_numpy(rng.uniform(-bound, bound, shape).astype(np.float32))
