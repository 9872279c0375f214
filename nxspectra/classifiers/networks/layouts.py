"""The layers of the curve networks: a curve of intensities in, an embedding of it out, and a head.

As Y. Sun, S. Brockhauser and P. Hegedűs, Appl. Sci. 11 (2021) 11520, doi 10.3390/app112311520, compare them.
Sizes are such that the numbers of weights are the published ones for 4023 points and two classes; what was
not published and is our reading, docs/explanation/models.md says. Every layout takes any number of points:
what convolutions and pools would shrink to nothing is padded with zeros before.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

LEAST = 128
"""Points to which shorter curves are padded, so that something is left after the pools."""
FEATURES = 64
"""Channels of the first convolution of each convolutional layout."""


class CurveNetwork(nn.Module):
    """A curve (n, points) becomes an embedding, and a linear head makes logits of that."""

    def __init__(self, embedding: nn.Module, width: int, n_outputs: int) -> None:
        super().__init__()
        self.embedding = embedding
        self.head = nn.Linear(width, n_outputs)

    def forward(self, curves: Tensor) -> Tensor:
        """(n, n_outputs): logits, of the second class alone where there are two."""
        logits: Tensor = self.head(self.embedding(curves))
        return logits


def _embedded(points: int, width: int) -> list[nn.Module]:
    return [nn.LayerNorm(points), nn.Linear(points, width), nn.LayerNorm(width), nn.ReLU()]


def fcnn_1d(points: int, n_outputs: int) -> nn.Module:
    """points–256–512–64–1, layer normalisation before each activation and of the curve itself."""
    layers = [
        *_embedded(points, 256),
        nn.Linear(256, 512), nn.LayerNorm(512), nn.ReLU(),
        nn.Linear(512, 64), nn.LayerNorm(64), nn.ReLU(),
    ]  # fmt: skip
    return CurveNetwork(nn.Sequential(*layers), 64, n_outputs)


def convolved(channels: int, out: int, kernel: int, stride: int, pool: int) -> list[nn.Module]:
    convolution = nn.Conv1d(channels, out, kernel, stride)
    return [convolution, nn.BatchNorm1d(out), nn.ReLU(), nn.MaxPool1d(pool)]


class OneChannel(nn.Module):
    """Adds the one channel that a curve has, and pads it to the least length that a layout takes."""

    def __init__(self, points: int) -> None:
        super().__init__()
        self.missing = max(0, LEAST - points)

    def forward(self, curves: Tensor) -> Tensor:
        return nn.functional.pad(curves, (0, self.missing)).unsqueeze(1)


def left(points: int, *windows: tuple[int, int]) -> int:
    """Points that are left of a curve after windows of so many points, moved by so many."""
    length = max(points, LEAST)
    for size, stride in windows:
        length = (length - size) // stride + 1
    return length


def cnn(points: int, n_outputs: int, second_pool: int = 2) -> nn.Module:
    """Three convolutions with pools; the pool after the second was 3 in a later notebook of the authors."""

    layers = [
        nn.LayerNorm(points),
        OneChannel(points),
        *convolved(1, FEATURES, 5, 2, 2),
        *convolved(FEATURES, FEATURES, 3, 2, second_pool),
        *convolved(FEATURES, 4, 3, 1, 2),
        nn.Flatten(),
    ]
    width = 4 * left(points, (5, 2), (2, 2), (3, 2), (second_pool, second_pool), (3, 1), (2, 2))
    return CurveNetwork(nn.Sequential(*layers, nn.LayerNorm(width)), width, n_outputs)


class _Tokens(nn.Module):
    """A curve as a sequence: whole, as one token, or cut into patches along the angle axis."""

    def __init__(self, points: int, patch: int) -> None:
        super().__init__()
        self.size = patch or points
        self.number = -(-points // self.size)
        self.missing = self.number * self.size - points

    def forward(self, curves: Tensor) -> Tensor:
        padded = nn.functional.pad(curves, (0, self.missing))
        return padded.reshape(len(curves), self.number, self.size)


class _Recurrent(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width, 2, batch_first=True)

    def forward(self, tokens: Tensor) -> Tensor:
        """What is remembered after the last token."""
        answers: Tensor = self.lstm(tokens)[0]
        return answers[:, -1]


def lstm(points: int, n_outputs: int, patch: int = 0, width: int = 512) -> nn.Module:
    """Two layers of long short-term memory; published with the whole curve as the one token (`patch` 0)."""
    tokens = _Tokens(points, patch)
    embedding = nn.Sequential(
        nn.LayerNorm(points),
        tokens,
        nn.Linear(tokens.size, width), nn.LayerNorm(width), nn.ReLU(),
        _Recurrent(width),
        nn.LayerNorm(width),
    )  # fmt: skip
    return CurveNetwork(embedding, width, n_outputs)


class _Encoded(nn.Module):
    """The encoder of a transformer; more than one token has learned positions, and they are averaged."""

    def __init__(self, width: int, number: int) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, 8, width, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.position = nn.Parameter(torch.zeros(number, width)) if number > 1 else None

    def forward(self, tokens: Tensor) -> Tensor:
        placed = tokens if self.position is None else tokens + self.position
        answers: Tensor = self.encoder(placed)
        return answers.mean(dim=1)


def transformer(points: int, n_outputs: int, patch: int = 0, width: int = 256) -> nn.Module:
    """Two encoder layers of eight heads; published with the whole curve as the one token (`patch` 0)."""
    tokens = _Tokens(points, patch)
    embedding = nn.Sequential(
        nn.LayerNorm(points),
        tokens,
        nn.Linear(tokens.size, width), nn.LayerNorm(width),
        _Encoded(width, tokens.number),
    )  # fmt: skip
    return CurveNetwork(embedding, width, n_outputs)
