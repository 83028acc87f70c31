"""The progress bar of long work: on standard error, and off where that is no terminal."""

from __future__ import annotations

import sys
from typing import Any


def progress_bar(
    total: int | None,
    unit: str,
    *,
    initial: int = 0,
    delay: float = 0.0,
    progress: bool | None = None,
) -> Any:
    """Return a tqdm bar, to be used in a ``with`` block and told of progress with ``update``.

    Parameters
    ----------
    total : int or None
        How many units there are, if that is known.
    unit : str
        In the plural.
    initial : int
        Units done before.
    delay : float
        Seconds before it shows: work that is quicker shows none.
    progress : bool, optional
        Whether to show it; by default where standard error is a terminal.

    Examples
    --------
    >>> with progress_bar(2, "functions", progress=False) as bar:
    ...     _ = bar.update(2)
    """
    from tqdm import tqdm

    if progress is None:
        progress = sys.stderr is not None and sys.stderr.isatty()
    return tqdm(
        total=total,
        initial=initial,
        delay=delay,
        unit=f" {unit}",
        unit_scale=True,
        disable=not progress,
        file=sys.stderr,
        dynamic_ncols=True,
    )
