"""Steps downhill: Adam of D. Kingma and J. Ba, arXiv 1412.6980, with weights that decay; numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nxspectra.classifiers.variation import Singles

BETAS = (0.9, 0.999)
"""How long the gradient and its square are remembered."""
EPSILON = np.float32(1e-8)


class Adam:
    """It changes arrays in place, and the gradients that it is given with them.

    No step makes an array of its own: large ones would be given back to the system and asked for again each
    time, which takes longer than to compute what is in them.
    """

    def __init__(self, parts: Sequence[Singles], *, weight_decay: float) -> None:
        self.parts = parts
        self.weight_decay = weight_decay
        self.means = [np.zeros_like(part) for part in parts]
        self.squares = [np.zeros_like(part) for part in parts]
        self.spare = [np.empty_like(part) for part in parts]
        self.steps = 0

    def step(self, gradients: Sequence[Singles], rate: np.float32) -> None:
        """Against gradients of the same shapes, which hold nothing of use afterwards."""
        self.steps += 1
        grown = [np.float32(1.0 - beta**self.steps) for beta in BETAS]
        slow = [np.float32(1.0 - beta) for beta in BETAS]
        for number, gradient in enumerate(gradients):
            part, spare = self.parts[number], self.spare[number]
            mean, square = self.means[number], self.squares[number]
            np.subtract(gradient, mean, out=spare)
            spare *= slow[0]
            mean += spare
            np.square(gradient, out=gradient)
            np.subtract(gradient, square, out=gradient)
            np.multiply(gradient, slow[1], out=gradient)
            square += gradient
            np.sqrt(np.divide(square, grown[1], out=gradient), out=gradient)
            np.add(gradient, EPSILON, out=gradient)
            np.divide(mean, grown[0], out=spare)
            spare *= rate
            spare /= gradient
            if part.shape[1] > 1:  # biases do not decay
                part *= np.float32(1.0 - rate * self.weight_decay)
            part -= spare
