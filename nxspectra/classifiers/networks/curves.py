"""How a curve network learns, answers, and says which points spoke for its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nxspectra.classifiers.networks.attention import cnn_attention
from nxspectra.classifiers.networks.layouts import cnn, fcnn_1d, lstm, transformer
from nxspectra.classifiers.networks.repeating import one_thread, repeatable
from nxspectra.classifiers.networks.resnet import resnet
from nxspectra.errors import ModelError, UsageError

Floats = NDArray[np.float64]
State = dict[str, NDArray[np.generic]]
Speaks = Callable[[Tensor, Tensor], Tensor]
"""Makes a value (m,) of a network's answers (m, n_outputs) and of which curves they are (m,)."""

LAYOUTS: dict[str, Callable[..., nn.Module]] = {
    "fcnn-1d": fcnn_1d,
    "cnn": cnn,
    "resnet": resnet,
    "lstm": lstm,
    "transformer": transformer,
    "cnn-attention": cnn_attention,
}
AT_ONCE, AT_ONCE_CONVOLVED = 512, 64
"""Curves that are worked on at a time, so that no layout needs more than about a gigabyte."""
STEPS = (8, 32, 128)
"""Points of the way over which gradients are integrated: more where fewer do not do."""
COMPLETE = 0.05
"""Share of a difference that integrated gradients may miss."""
EXPLAINED = 32
"""Points of such ways that go through a network at a time; what is kept for the way back takes room."""


@dataclass(frozen=True)
class Layout:
    """Which network, and for what: all that is needed to build it again."""

    name: str
    points: int
    n_classes: int
    settings: Mapping[str, int | bool]

    def build(self) -> nn.Module:
        """The network with new weights, from torch's own stream of chance."""
        outputs = 1 if self.n_classes == 2 else self.n_classes
        return LAYOUTS[self.name](self.points, outputs, **self.settings)

    def with_state(self, state: Mapping[str, NDArray[np.generic]]) -> nn.Module:
        """The network with these weights, in float64, for answers that do not depend on their company."""
        with torch.device("meta"):
            network = self.build()
        tensors = {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
        try:
            network.load_state_dict(tensors, assign=True)
        except RuntimeError as error:
            raise ModelError(f"the weights are not those of {self.name}: {error}; train it again") from error
        return network.double().eval()


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: Adam on the cross entropy of the curves and their noisy copies."""

    epochs: int
    learning_rate: float
    weight_decay: float
    noise: float
    """Upper end of the uniform noise of the copies, which is never below 0."""
    noise_copies: int
    batch_size: int | None
    """Curves of a step; None for all of them."""


def chosen_device(device: str) -> torch.device:
    """`auto` is a GPU where there is one. Raises UsageError for what is not there."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.zeros(1, device=device).device
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"device {device!r} cannot be used: {error}; `auto` takes what is there") from error


def with_copies(
    curves: Floats, class_index: NDArray[np.int64], recipe: Recipe, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The curves and their noisy copies, in random order."""
    noisy = [curves + rng.uniform(0.0, recipe.noise, curves.shape) for _ in range(recipe.noise_copies)]
    order = rng.permutation(len(curves) * (1 + recipe.noise_copies))
    every = np.concatenate([curves, *noisy]).astype(np.float32)
    return every[order], np.tile(class_index, 1 + recipe.noise_copies)[order]


def train(
    layout: Layout,
    curves: Floats,
    class_index: NDArray[np.int64],
    *,
    recipe: Recipe,
    seed: int,
    device: str,
) -> State:
    """The weights of a network trained on the curves (n, points); the same seed gives the same ones."""
    rng = np.random.default_rng(seed)
    where = chosen_device(device)
    with repeatable(seed):
        network = layout.build().to(where)
        values, classes = (
            torch.from_numpy(each).to(where) for each in with_copies(curves, class_index, recipe, rng)
        )
        adam = torch.optim.Adam(
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        network.train()
        for _ in range(recipe.epochs):
            order = torch.from_numpy(rng.permutation(len(values))).to(where)
            for step in order.tensor_split(-(-len(order) // (recipe.batch_size or len(order)))):
                adam.zero_grad()
                for part in portions(network, step):
                    loss = cross_entropy(network(values[part]), classes[part])
                    (loss * (len(part) / len(step))).backward()  # type: ignore[no-untyped-call]
                adam.step()
        settle(network, values)
        return state_of(network)


def portions(network: nn.Module, values: Tensor) -> tuple[Tensor, ...]:
    """The values in parts of nearly the same size, as many of them as memory allows the network at a time.

    The gradients of the parts add up to that of the whole; only batch normalisation sees one part alone.
    """
    convolved = any(isinstance(each, nn.Conv1d) for each in network.modules())
    return values.tensor_split(-(-len(values) // (AT_ONCE_CONVOLVED if convolved else AT_ONCE)))


def cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """Mean over the curves; of the sigmoid where one logit stands for two classes."""
    if logits.shape[1] == 1:
        return nn.functional.binary_cross_entropy_with_logits(logits[:, 0], classes.to(logits.dtype))
    return nn.functional.cross_entropy(logits, classes)


@torch.no_grad()
def settle(network: nn.Module, values: Tensor) -> None:
    """Batch normalisation from now on uses the statistics of the training curves, and not a running mean
    that a handful of steps has not brought there.
    """
    layers = [each for each in network.modules() if isinstance(each, nn.BatchNorm1d)]
    if not layers:
        return
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    network.train()
    for part in portions(network, values):
        network(part)


def state_of(network: nn.Module) -> State:
    """The weights and statistics as arrays."""
    return {name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()}


def probability(layout: Layout, state: State, X: Floats) -> Floats:
    """(n, n_classes), for finite curves (n, points)."""
    with torch.no_grad(), one_thread():
        network = layout.with_state(state)
        logits = torch.cat([network(part) for part in portions(network, torch.from_numpy(X))])
        if layout.n_classes == 2:
            second = torch.sigmoid(logits)
            return np.asarray(torch.cat([1.0 - second, second], dim=1).numpy())
        return np.asarray(torch.softmax(logits, dim=1).numpy())


def integrated_gradients(layout: Layout, state: State, X: Floats, baseline: Floats) -> Floats:
    """(n, points): how much each point speaks for the class given, against the curve `baseline` (points,).

    The gradient of the class's lead is integrated over the straight way from the baseline to the curve, so
    the points of a curve add up to the difference of the two leads: M. Sundararajan et al., ICML 2017,
    arXiv 1703.01365.
    """
    network = layout.with_state(state).float()

    def lead(logits: Tensor, rows: Tensor) -> Tensor:
        """By how much the class that each curve is given leads the mean of the others."""
        both = torch.cat([torch.zeros_like(logits), logits], dim=1) if logits.shape[1] == 1 else logits
        index = given[rows]
        own = both.gather(1, index[:, None])[:, 0]
        return own - (both.sum(dim=1) - own) / (both.shape[1] - 1)

    given = torch.from_numpy(probability(layout, state, X).argmax(axis=1))
    return integrated(network, X, baseline, lead)


def integrated(network: nn.Module, X: Floats, baseline: Floats, speaks: Speaks) -> Floats:
    """(n, points): the gradient of what `speaks` makes of the network's answers to curves, integrated.

    The points of a curve should add up to the difference of its value and that of the baseline: where they
    miss it by more than `COMPLETE`, the way is gone again in smaller steps. In single precision, since that
    loses less than the steps do.
    """
    start, curves = torch.from_numpy(baseline).float(), torch.from_numpy(X).float()
    result = np.empty_like(X)
    left = torch.arange(len(X))
    with one_thread():
        wanted = _gained(network, start, curves, speaks)
        for steps in STEPS:
            ways = curves[left] - start
            slopes = _slopes(network, start, ways, left, steps, speaks)
            result[left.numpy()] = (ways * slopes).numpy()
            missed = torch.from_numpy(result[left.numpy()].sum(axis=1)) - wanted[left]
            left = left[missed.abs() > COMPLETE * wanted[left].abs() + COMPLETE]
            if not len(left):
                break
    return result


@torch.no_grad()
def _gained(network: nn.Module, start: Tensor, curves: Tensor, speaks: Speaks) -> Tensor:
    """(n,): what each curve has more than the baseline."""
    rows = torch.arange(len(curves))
    own = torch.cat([speaks(network(curves[part]), part) for part in portions(network, rows)])
    return own - speaks(network(start[None]).expand(len(curves), -1), rows)


def _slopes(  # noqa: PLR0917
    network: nn.Module, start: Tensor, ways: Tensor, curves: Tensor, steps: int, speaks: Speaks
) -> Tensor:
    """(n, points): the mean gradient along the ways (n, points) to these curves, some steps at a time."""
    slopes = torch.zeros_like(ways)
    every = torch.arange(len(ways) * steps)
    for part in every.tensor_split(-(-len(every) // EXPLAINED)):
        rows = part // steps
        shares = (part % steps + 0.5) / steps
        along = (start + shares[:, None] * ways[rows]).requires_grad_()
        gradient = torch.autograd.grad(speaks(network(along), curves[rows]).sum(), along)[0]
        slopes.index_add_(0, rows, gradient)
    return slopes / steps
