"""Convolutions with attention over angles (spatial), channels and, in a variant, the whole curve (temporal).

As Y. Sun, S. Brockhauser and P. Hegedűs, Appl. Sci. 11 (2021) 11520, doi 10.3390/app112311520; channel
attention without weights is that of J. Fu et al., CVPR 2019, doi 10.1109/CVPR.2019.00326.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nxspectra.classifiers.networks.layouts import FEATURES, CurveNetwork, OneChannel, convolved, left

CHANNELS, WIDTH, FORWARD, HEADS = 8, 256, 1024, 4


class ChannelAttention(nn.Module):
    """Each channel is mixed with those least like it, by softmax of the differences of their products."""

    def __init__(self) -> None:
        super().__init__()
        self.share = nn.Parameter(torch.zeros(()))

    def forward(self, maps: Tensor) -> Tensor:
        alike = maps @ maps.transpose(1, 2)
        weight = torch.softmax(alike.amax(dim=2, keepdim=True) - alike, dim=2)
        return maps + self.share * (weight @ maps)


class _Forward(nn.Module):
    """The feed-forward block of a transformer: normalised, widened, added to what came in, normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.layers = nn.Sequential(nn.Linear(WIDTH, FORWARD), nn.ReLU(), nn.Linear(FORWARD, WIDTH))

    def forward(self, values: Tensor) -> Tensor:
        normal = self.before(values)
        answer: Tensor = self.after(normal + self.layers(normal))
        return answer


class Attention(nn.Module):
    """Two convolutions, an embedding of the angles that are left, attention, one channel, feed-forward."""

    def __init__(self, points: int, *, temporal: bool, channels: int = CHANNELS, heads: int = HEADS) -> None:
        super().__init__()

        self.convolutions = nn.Sequential(
            OneChannel(points), *convolved(1, FEATURES, 5, 2, 2), *convolved(FEATURES, channels, 5, 1, 2)
        )
        angles = left(points, (5, 2), (2, 2), (5, 1), (2, 2))
        self.embedding = nn.Sequential(nn.Linear(angles, WIDTH), nn.LayerNorm(WIDTH))
        self.spatial = nn.MultiheadAttention(channels, heads, batch_first=True)
        self.channel = ChannelAttention()
        self.normal = nn.LayerNorm(WIDTH)
        self.merged = nn.Sequential(nn.Conv1d(channels, 1, 1), nn.BatchNorm1d(1), nn.ReLU())
        self.forward_block = _Forward()
        self.temporal = _Temporal(points) if temporal else None
        self.shares = nn.Parameter(torch.ones(4)) if temporal else None

    def forward(self, curves: Tensor) -> Tensor:
        maps = self.embedding(self.convolutions(curves))
        angles = maps.transpose(1, 2)
        spatial = self.spatial(angles, angles, angles, need_weights=False)[0].transpose(1, 2)
        if self.shares is None or self.temporal is None:
            together = maps + spatial + self.channel(maps)
        else:
            parts = (maps, spatial, self.channel(maps), self.temporal(curves).unsqueeze(1))
            together = sum(share * part for share, part in zip(self.shares, parts, strict=True))
        answer: Tensor = self.forward_block(self.merged(self.normal(together)).squeeze(1))
        return answer


class _Temporal(nn.Module):
    """Attention over a sequence of curves. A curve is asked about alone, so its sequence has one."""

    def __init__(self, points: int) -> None:
        super().__init__()
        self.embedding = nn.Sequential(nn.Linear(points, WIDTH), nn.LayerNorm(WIDTH))
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)

    def forward(self, curves: Tensor) -> Tensor:
        token = self.embedding(curves).unsqueeze(1)
        answer: Tensor = self.attention(token, token, token, need_weights=False)[0]
        return answer.squeeze(1)


def cnn_attention(points: int, n_outputs: int, temporal: bool = False) -> nn.Module:
    """The spatial-channel network, or with `temporal` the spatial-channel-temporal one."""
    return CurveNetwork(Attention(points, temporal=temporal), WIDTH, n_outputs)
