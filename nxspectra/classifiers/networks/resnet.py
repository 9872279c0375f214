"""The multi-scale residual network: three branches that look at a curve through windows of 3, 5 and 7 points.

As Y. Sun, S. Brockhauser and P. Hegedűs, Appl. Sci. 11 (2021) 11520, doi 10.3390/app112311520, ran it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nxspectra.classifiers.networks.layouts import FEATURES, LEAST, CurveNetwork, OneChannel, left

SCALES = ((3, 16), (5, 11), (7, 6))
"""Points of a branch's convolutions, and of the average that ends it."""
STAGES = ((64, 1), (64, 2), (8, 2))
"""Channels of a branch's stages, and the stride with which each begins."""
BLOCKS = 3
"""Residual blocks of a stage."""


class Block(nn.Module):
    """Two convolutions whose result is added to what came in, brought to the same shape if need be."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        middle = kernel // 2
        self.layers = nn.Sequential(
            nn.Conv1d(channels, out, kernel, stride, middle, bias=False),
            nn.BatchNorm1d(out),
            nn.ReLU(),
            nn.Conv1d(out, out, kernel, 1, middle, bias=False),
            nn.BatchNorm1d(out),
        )
        self.short = (
            nn.Sequential()
            if stride == 1 and channels == out
            else nn.Sequential(nn.Conv1d(channels, out, 1, stride, bias=False), nn.BatchNorm1d(out))
        )

    def forward(self, values: Tensor) -> Tensor:
        return torch.relu(self.layers(values) + self.short(values))


class Averaged(nn.Module):
    """The mean over each stretch of so many values, or over all where there are fewer."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length = length

    def forward(self, values: Tensor) -> Tensor:
        return nn.functional.avg_pool1d(values, min(self.length, values.shape[2]), 1)


def _branch(kernel: int, average: int) -> nn.Sequential:
    blocks: list[nn.Module] = []
    channels = FEATURES
    for out, stride in STAGES:
        for number in range(BLOCKS):
            blocks.append(Block(channels, out, kernel, stride if number == 0 else 1))
            channels = out
    return nn.Sequential(*blocks, Averaged(average), nn.Flatten())


class Branches(nn.Module):
    """The branches beside each other; what they make of a curve, end to end."""

    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList(_branch(*scale) for scale in SCALES)

    def forward(self, values: Tensor) -> Tensor:
        return torch.cat([branch(values) for branch in self.branches], dim=1)


def resnet(points: int, n_outputs: int) -> nn.Module:
    """A convolution and a pool, three branches of residual blocks, layer normalisation of what they say."""

    layers = [
        nn.LayerNorm(points),
        OneChannel(points),
        nn.Conv1d(1, FEATURES, 7, 2, 3, bias=False),
        nn.BatchNorm1d(FEATURES),
        nn.ReLU(),
        nn.MaxPool1d(5, 2),
        Branches(),
    ]
    length = left(max(points, LEAST) + 6, (7, 2), (5, 2))
    for _, stride in STAGES:
        length = -(-length // stride)
    width = STAGES[-1][0] * sum(length - min(average, length) + 1 for _, average in SCALES)
    return CurveNetwork(nn.Sequential(*layers, nn.LayerNorm(width)), width, n_outputs)
