"""`StoppingPoint`: where in a training run the function is read off."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from priorvol import checks
from priorvol._kernels.training import POINTS

MAX_EPOCHS = 1 << 40
_FORMS = "zero_error, zero_error+K, loss<X or epochs=K"


@dataclass(frozen=True)
class StoppingPoint:
    """An epoch of a training run: its first one of some kind.

    Epochs are looked at when they end; epoch 0 is the start, before any step.

    Parameters
    ----------
    kind : "zero_error", "loss" or "epochs"
        The first epoch with no error on the training set, or so many epochs after it; the first
        with a training loss below a level; a given epoch.
    value : float
        Epochs after zero error, the level of the loss, or the epoch.

    Raises
    ------
    ValueError
        If the kind is unknown or the value is out of range.

    Examples
    --------
    >>> [str(StoppingPoint.parse(text)) for text in ("zero_error+64", "loss<0.01", "epochs=10")]
    ['zero_error+64', 'loss<0.01', 'epochs=10']
    """

    kind: str = "zero_error"
    value: float = 0

    def __post_init__(self) -> None:
        """Check both."""
        checks.choice("kind of stopping point", self.kind, POINTS)
        value: float
        if self.kind == "loss":
            value = checks.real("level of the loss", self.value, low=0.0, open_low=True)
        else:
            value = checks.integer(f"epochs of {self.kind}", self.value, low=0, high=MAX_EPOCHS)
        object.__setattr__(self, "value", value)

    @classmethod
    def parse(cls, text: Any) -> StoppingPoint:
        """Read ``zero_error``, ``zero_error+64``, ``loss<0.01`` or ``epochs=100``.

        Raises
        ------
        ValueError
            If it is none of these.
        """
        if isinstance(text, cls):
            return text
        found = re.fullmatch(
            r"\s*(?:(zero[_-]error)(?:\s*\+\s*(\d+))?|(loss)\s*<\s*(\S+)|(epochs)\s*=\s*(\d+))\s*",
            text if isinstance(text, str) else "",
        )
        if found is None:
            raise ValueError(f"a stopping point must be {_FORMS}, got {text!r:.80}")
        if found[1]:
            return cls("zero_error", int(found[2] or 0))
        if found[5]:
            return cls("epochs", int(found[6]))
        try:
            return cls("loss", float(found[4]))
        except ValueError:
            raise ValueError(
                f"loss must be below a number above 0, as in loss<0.01, got {text!r:.80}"
            ) from None

    @property
    def folder(self) -> str:
        """Name of the folder that holds its runs."""
        return str(self).replace("<", "_below_")

    def __str__(self) -> str:
        """Return what `parse` reads."""
        if self.kind == "loss":
            return f"loss<{self.value!r}"
        if self.kind == "epochs":
            return f"epochs={self.value}"
        return f"zero_error+{self.value}" if self.value else "zero_error"


def stopping_points(stop: Any) -> tuple[StoppingPoint, ...]:
    """Return one stopping point or several, or raise ``ValueError``.

    Examples
    --------
    >>> [str(point) for point in stopping_points(("zero_error", "epochs=3"))]
    ['zero_error', 'epochs=3']
    """
    if isinstance(stop, str | StoppingPoint) or not isinstance(stop, Iterable):
        stop = (stop,)
    points = tuple(StoppingPoint.parse(one) for one in stop)
    if not points:
        raise ValueError(f"stop must name at least one stopping point: {_FORMS}")
    for i, point in enumerate(points):
        if point in points[:i]:
            raise ValueError(f"stop names {point} twice")
    return points
