"""Ticks of a logarithmic axis of probabilities; loads matplotlib, so import it when drawing."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.ticker import LogLocator


class ProbabilityLocator(LogLocator):
    """Logarithmic ticks, none of them above 1."""

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Return the ticks between two limits."""
        return [float(tick) for tick in super().tick_values(vmin, vmax) if tick <= 1.0]
