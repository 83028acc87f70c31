"""``--sigma-w unit``: the weights at which pre-activations keep variance 1."""

from __future__ import annotations

from typing import Any

from priorvol.architecture import Architecture, Prior
from priorvol.inputs import Inputs


def weights(architecture: Architecture, prior: Prior) -> tuple[float, ...]:
    """Return sigma_w a layer.

    Raises
    ------
    ValueError
        If the prior has biases, or weights that are not scaled by fan_in.
    """
    from priorvol.infinite.correlation_map import unit_sigma_w

    full: Any = prior.expand(architecture.n_layers)
    if any(full.sigma_b):
        raise ValueError("--sigma-w unit keeps unit variance without biases only: add --sigma-b 0")
    if set(full.weight_scaling) != {"fan_in"}:
        raise ValueError("--sigma-w unit goes with --weight-scaling fan_in")
    return unit_sigma_w(architecture)


def warning(inputs: Inputs) -> str:
    """Return what to say where inputs do not start with variance 1; empty if all do."""
    squares = (inputs.values**2).mean(axis=1)
    if abs(squares - 1.0).max() <= 1e-9:
        return ""
    return (
        "note: the variance is 1 in the first layer where |x|^2 is the number of inputs; here "
        f"it is {squares.min():.3g} to {squares.max():.3g} (--encoding pm1 has 1 throughout)"
    )
