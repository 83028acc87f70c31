"""The complexity measures by name: what each costs, needs and means, and computing several."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.complexity.chunks import check_cube, check_points, word_chunks
from priorvol.inputs import Inputs
from priorvol.progress import progress_bar

NEEDS = ("any", "cube", "points")

SYMMETRIES = ("complement", "permutation", "flips", "reversal")
"""What may leave a complexity unchanged: f to not f; permuting the n inputs; negating some of them;
reading the word backwards (on a cube: negating all of them)."""

CHUNK_ROWS = 1 << 12
"""Most functions in one piece of work: what workers share and progress counts."""

_MODULES = {"bdm": ("pybdm", "pkg_resources")}  # what an extra must bring


@dataclass(frozen=True)
class Measure:
    """A complexity measure of functions.

    Attributes
    ----------
    name : str
        What `measure` and `compute` call it; a Python identifier.
    function : callable
        ``function(functions, *, m=None)``, any form of k functions to one number each, (k,). A
        row's value depends on that row only.
    unit : str
        "bits", "words", ...; empty for a pure number.
    label : str
        An axis label, such as "LZ78 phrases".
    cost : str
        Roughly how many functions a second.
    source : str
        Where it is defined.
    description : str
        One line.
    needs : {"any", "cube", "points"}
        Whether it is defined for functions on any inputs; on a whole Boolean cube only; or on any
        inputs whose points are known, and then ``function`` takes ``inputs`` and ``radius`` too.
    largest_n : int, optional
        Largest cube {0,1}^n it is computed on.
    symmetries : tuple of {"complement", "permutation", "flips", "reversal"}
        What leaves it unchanged: f to not f; permuting the n inputs; negating any of them; reading
        the word backwards (on a cube this negates all inputs).
    oracle : str
        What its tests hold it against.
    extra : str
        The optional extra that must be installed for it; empty if none.

    Raises
    ------
    ValueError
        If ``name`` is no identifier or is "all", ``function`` cannot be called, or ``needs`` or a
        symmetry is unknown.
    """

    name: str
    function: Callable[..., npt.NDArray[Any]]
    unit: str
    label: str
    cost: str
    source: str
    description: str
    needs: str = "any"
    largest_n: int | None = None
    symmetries: tuple[str, ...] = ()
    oracle: str = ""
    extra: str = ""

    def __post_init__(self) -> None:
        """Validate."""
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise ValueError(f"name must be a Python identifier, got {self.name!r}")
        if self.name == "all":
            raise ValueError("name must not be 'all', which stands for every measure")
        if not callable(self.function):
            raise ValueError(f"function must be callable, got {self.function!r}")
        checks.choice("needs", self.needs, NEEDS)
        for symmetry in self.symmetries:
            checks.choice("symmetry", symmetry, SYMMETRIES)


_MEASURES: dict[str, Measure] = {}


def register(measure: Measure) -> None:
    """Add a measure, so that `compute` and whatever lists measures know it.

    Raises
    ------
    ValueError
        If it is not a `Measure`, or its name is taken.

    Examples
    --------
    >>> from priorvol.complexity import k_lz
    >>> register(Measure("k_lz", k_lz, "bits", "K_LZ (bits)", "", "", "the same again"))
    Traceback (most recent call last):
    ...
    ValueError: a measure called 'k_lz' is registered already
    """
    if not isinstance(measure, Measure):
        raise ValueError(f"a Measure is wanted, got {measure!r}")
    if measure.name in _MEASURES:
        raise ValueError(f"a measure called {measure.name!r} is registered already")
    _MEASURES[measure.name] = measure


def measures() -> tuple[Measure, ...]:
    """Return the registered measures, in the order of their registration.

    Examples
    --------
    >>> import priorvol.complexity
    >>> "k_lz" in [measure.name for measure in measures()]
    True
    """
    return tuple(_MEASURES.values())


def measure(name: str) -> Measure:
    """Return the measure called ``name``.

    Raises
    ------
    ValueError
        If there is none; the message lists the known names.

    Examples
    --------
    >>> import priorvol.complexity
    >>> measure("lz76_words").label
    'Lempel-Ziv 1976 words'
    """
    return _MEASURES[checks.choice("measure", name, _MEASURES)]


def applicable(
    functions: Any,
    *,
    m: int | None = None,
    inputs: Inputs | None = None,
    radius: float | None = None,
) -> tuple[str, ...]:
    """Return the names of the measures that `compute` can compute of these functions here.

    Left out are those that are not defined on the inputs, those for smaller cubes, and those whose
    optional extra is not installed. Arguments are those of `compute`.

    Raises
    ------
    ValueError
        If the functions are not in an accepted form, m is missing or does not agree, the inputs are
        not those of the functions, or the radius is not positive.

    Examples
    --------
    >>> import priorvol.complexity
    >>> "k_lz" in applicable("011"), "sensitivity" in applicable("011")
    (True, False)
    """
    _, m = word_chunks(functions, m)
    if radius is not None:
        checks.real("radius", radius, low=0.0, open_low=True)
    if inputs is not None:
        check_points(functions, m, "a measure", inputs, radius or 1.0)
    names = []
    for item in _MEASURES.values():
        try:
            _check(item, functions, m, inputs, radius)
        except (ValueError, ImportError):
            continue
        names.append(item.name)
    return tuple(names)


def compute(
    functions: Any,
    measures: str | Iterable[str] = ("k_lz",),
    *,
    m: int | None = None,
    inputs: Inputs | None = None,
    radius: float | None = None,
    n_jobs: int = 1,
    progress: bool | None = None,
) -> dict[str, npt.NDArray[np.float64]]:
    """Compute complexity measures, reading the functions once.

    Parameters
    ----------
    functions : any form of k functions
        A table, whose rows come in storage order, or see `priorvol.bits.as_words`.
    measures : str or iterable of str
        Names; `measures` lists what there is, `applicable` what can be computed here, and
        "all" stands for all of those.
    m : int, optional
        Number of inputs; needed for packed words and ``0x`` text.
    inputs : Inputs, optional
        The points, for measures that need them; by default those of the table's task, and where
        there is none the Boolean cube, if m is a power of two.
    radius : float, optional
        Of the neighbourhood of a point, for measures that need points (1 on the cube).
    n_jobs : int
        Workers; -1 for one a core. The values do not depend on it.
    progress : bool, optional
        Whether to show progress on standard error; by default where that is a terminal.

    Returns
    -------
    columns : dict of name to (k,) float64 array
        In the order of the names.

    Raises
    ------
    ValueError
        If a name is unknown, none is given, the functions are not in an accepted form, or a
        measure needs a Boolean cube, or one of at most so many inputs, and the inputs are not one.
    ImportError
        If a measure's optional extra is not installed.

    Examples
    --------
    >>> import priorvol.complexity
    >>> compute(["1001111011000010", "0" * 16], ["k_lz", "lz76_words"])
    {'k_lz': array([26.,  4.]), 'lz76_words': array([6., 2.])}
    """
    if not isinstance(measures, Iterable):
        raise ValueError(f"measures must be one name or several, got {measures!r}")
    names = [measures] if isinstance(measures, str) else list(measures)
    if not names:
        raise ValueError(f"measures must name at least one of {list(_MEASURES)}, got none")
    if names == ["all"]:
        names = list(applicable(functions, m=m, inputs=inputs, radius=radius))
    chosen = {name: measure(name) for name in names}
    n_jobs = checks.jobs(n_jobs)
    chunks, m = word_chunks(functions, m, max_rows=CHUNK_ROWS)
    options = {item.name: _check(item, functions, m, inputs, radius) for item in chosen.values()}
    columns: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in chosen}
    total = len(functions) if isinstance(functions, Sized) else None
    with progress_bar(total, "functions", delay=1.0, progress=progress) as bar:
        for parts in _mapped(chosen, chunks, m, options, n_jobs):
            for name, part in parts.items():
                columns[name].append(part)
            bar.update(len(part))
    return {
        name: np.concatenate(parts) if parts else np.empty(0) for name, parts in columns.items()
    }


def _mapped(
    chosen: dict[str, Measure],
    chunks: Iterator[npt.NDArray[np.uint64]],
    m: int,
    options: dict[str, dict[str, Any]],
    n_jobs: int,
) -> Iterator[dict[str, npt.NDArray[np.float64]]]:
    """Yield the columns of each chunk, in order."""

    def work(words: npt.NDArray[np.uint64]) -> dict[str, npt.NDArray[np.float64]]:
        return {name: _values(item, words, m, options[name]) for name, item in chosen.items()}

    if n_jobs == 1:
        yield from map(work, chunks)
        return
    from joblib import Parallel, delayed

    pool = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    yield from pool(delayed(work)(words) for words in chunks)


def _check(
    item: Measure, functions: Any, m: int, inputs: Inputs | None, radius: float | None
) -> dict[str, Any]:
    """Return the arguments that a measure takes beside functions and m, or raise."""
    if any(importlib.util.find_spec(module) is None for module in _MODULES.get(item.extra, ())):
        raise ImportError(f'{item.name} needs an extra: pip install "priorvol[{item.extra}]"')
    if item.needs == "any":
        return {}
    if item.needs == "cube":
        check_cube(functions, m, item.name, largest_n=item.largest_n)
        return {}
    points = check_points(functions, m, item.name, inputs, radius)
    return dict(zip(("inputs", "radius"), points, strict=True))


def _values(
    item: Measure, words: npt.NDArray[np.uint64], m: int, options: dict[str, Any]
) -> npt.NDArray[np.float64]:
    values = np.asarray(item.function(words, m=m, **options), dtype=np.float64)
    if values.shape != (len(words),):
        raise ValueError(
            f"measure {item.name!r} must return one number a function, shape ({len(words)},), "
            f"got shape {values.shape}"
        )
    return values
