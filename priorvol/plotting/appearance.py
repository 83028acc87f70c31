"""The house style, and the Axes that a figure is drawn into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLE = Path(__file__).with_name("priorvol.mplstyle")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
INK = "0.25"
"""Grey of what stands for no table in particular."""


def pyplot() -> ModuleType:
    """Return matplotlib.pyplot.

    Raises
    ------
    ImportError
        If matplotlib is not installed; the message says what to install.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f'plots need matplotlib: pip install "priorvol[plot]" ({error})'
        ) from error
    return plt


@contextmanager
def style() -> Iterator[None]:
    """Apply the house style inside a ``with`` block, and leave matplotlib's settings as they were.

    One column of a paper, 3.4 inches wide. Save inside the block too: resolution (300 dpi) and
    embedded fonts (type 42) are read then.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import matplotlib
    >>> with style():
    ...     matplotlib.rcParams["pdf.fonttype"]
    42
    """
    with pyplot().style.context(str(STYLE)):
        yield


@contextmanager
def axes(ax: Axes | None) -> Iterator[Axes]:
    """Give the Axes to draw into: ``ax`` as it is, or those of a new figure in the house style.

    Raises
    ------
    ValueError
        If ``ax`` is neither Axes nor None.
    """
    plt = pyplot()
    if ax is not None:
        yield check_axes(ax)
        return
    with style():
        yield plt.subplots()[1]


def check_axes(ax: Any) -> Axes:
    """Return ``ax``, or raise ``ValueError`` if it is not matplotlib Axes."""
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise ValueError(f"ax must be matplotlib Axes or None, got {type(ax).__name__}")
    return ax
