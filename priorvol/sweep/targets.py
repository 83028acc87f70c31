"""`Target`: a function to be learnt; the atlas's, and functions drawn at a given complexity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks, complexity
from priorvol.bits import Words
from priorvol.inputs import Inputs
from priorvol.rng import check_seed, generator
from priorvol.sweep.words import FlatWalk, level_of
from priorvol.table import FunctionTable
from priorvol.task import Task

MOST_INPUTS = 1024
"""Most inputs of a function drawn at a given complexity."""

N_LEVELS = 8

_EVERY = 16
_UNIFORM = 4096


@dataclass(frozen=True, kw_only=True)
class Target:
    """A function to be learnt, with where it comes from.

    Attributes
    ----------
    name : str
    function : str
        As 0/1 text.
    k : float
        Its complexity, by the measure that it was made with.
    origin : str
        By what law it was drawn, or ``"atlas"`` or ``"given"``.
    """

    name: str
    function: str
    k: float
    origin: str = "given"

    @property
    def m(self) -> int:
        """Number of inputs."""
        return len(self.function)

    @property
    def ones(self) -> int:
        """T, the number of inputs at which it is 1."""
        return self.function.count("1")

    @property
    def hexadecimal(self) -> str:
        """The function as ``0x`` text."""
        return bits.to_text(bits.as_words([self.function])[0], self.m, base=16)[0]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {
            "name": self.name,
            "function": self.hexadecimal,
            "k": self.k,
            "ones": self.ones,
            "origin": self.origin,
        }


def atlas_targets(
    n: int, names: Iterable[str] | None = None, *, measure: str = "k_lz"
) -> tuple[Target, ...]:
    """Return named functions of `priorvol.atlas` as targets, each function once.

    Parameters
    ----------
    n : int
        Inputs of the functions, 3 to 7.
    names : iterable of str, optional
        Default: all there are for n.
    measure : str
        Of their complexity.

    Raises
    ------
    ValueError
        If a name or the measure is unknown, or n is out of range.

    Examples
    --------
    >>> [(target.name, target.k) for target in atlas_targets(3, ["first", "majority"])]
    [('first', 9.0), ('majority', 12.0)]
    """
    from priorvol import atlas

    chosen = tuple(atlas.names(n)) if names is None else tuple(names)
    if not chosen or isinstance(names, str):
        raise ValueError(f"names must be a list of names of the atlas, got {names!r:.80}")
    texts: dict[str, str] = {}
    for name in chosen:
        texts.setdefault(atlas.function(name, n), name)
    k = complexity.compute(list(texts), measure)[measure].tolist()
    return tuple(
        Target(name=name, function=text, k=value, origin="atlas")
        for (text, name), value in zip(texts.items(), k, strict=True)
    )


def given_targets(functions: Any, *, m: int, measure: str = "k_lz") -> tuple[Target, ...]:
    """Return targets as they are, and other functions as targets named after their words.

    Parameters
    ----------
    functions : Target, function, or a sequence of either
        Each function in any form; see `priorvol.bits.as_words`.
    m : int
        Number of inputs.
    measure : str
        Of their complexity; a `Target` brings its own.

    Raises
    ------
    ValueError
        If one is no function on m inputs, or two are the same function.

    Examples
    --------
    >>> given_targets("0011", m=4)
    (Target(name='0x3', function='0011', k=6.0, origin='given'),)
    """
    if isinstance(functions, str | Target) or not isinstance(functions, Iterable):
        functions = [functions]
    found: list[Target] = []
    for each in functions:
        if isinstance(each, Target):
            if each.m != m:
                raise ValueError(f"target {each.name!r} has {each.m} inputs, not m = {m}")
            found.append(each)
            continue
        word = bits.as_word(each, m)[None]
        k = float(complexity.compute(word, measure, m=m)[measure][0])
        name = bits.to_text(word, m, base=16)[0]
        found.append(Target(name=name, function=bits.to_text(word, m)[0], k=k))
    if not found:
        raise ValueError("targets must hold at least one function, got none")
    words = [target.function for target in found]
    for target in found:
        if words.count(target.function) > 1:
            raise ValueError(f"targets must be distinct functions, got {target.name!r} twice")
    return tuple(found)


def draw_targets(
    inputs: Task | Inputs | int,
    k: Sequence[float] | None = None,
    *,
    per_level: int = 3,
    prior: FunctionTable | None = None,
    seed: int = 0,
) -> tuple[Target, ...]:
    """Draw functions at given values of K_LZ.

    K_LZ takes values in steps of log2(m)/2 only; the nearest value that occurs is taken. Without
    ``prior`` the law is the uniform one over all functions of that complexity. It is exact where
    they can all be listed: for m up to 16, and on cubes of up to seven inputs for the lowest
    complexities (`priorvol.simplicity.enumeration.simple_functions`; 24.5 bits at seven). Above it
    is that of a Markov chain over words of all complexities, uniform up to how well the chain
    mixes (`priorvol.sweep.words`). With ``prior`` a draw of that table is taken, uniformly among
    those of that complexity: the law is P(f) given K.

    Functions of low complexity are mostly far from balanced, whichever the law; ``ones`` says how
    far. Compare with what a learner gets that only counts labels.

    Parameters
    ----------
    inputs : Task, Inputs or int
        Or their number m, 4 to 1,024.
    k : sequence of float, optional
        In bits. Default: eight values from that of constant functions to the mean of uniform ones,
        fewer where few inputs leave fewer.
    per_level : int
        Functions a value, all distinct; fewer where there are fewer.
    prior : FunctionTable, optional
        Draws to choose from, all of them listed.
    seed : int
        In [0, 2^64).

    Returns
    -------
    tuple of Target
        By rising K_LZ.

    Raises
    ------
    ValueError
        If an argument is out of range, or two values of ``k`` have the same nearest value.

    Examples
    --------
    >>> found = draw_targets(16, [4, 18, 24], per_level=2)
    >>> [(target.k, target.origin) for target in found[::2]]
    [(4.0, 'uniform given K_LZ'), (18.0, 'uniform given K_LZ'), (24.0, 'uniform given K_LZ')]
    """
    m = inputs.m if isinstance(inputs, Task | Inputs) else inputs
    m = checks.integer("number of inputs", m, low=4, high=MOST_INPUTS)
    per_level = checks.integer("per_level", per_level, low=1, high=10_000)
    rng = generator(check_seed(seed), "targets of given complexity")
    wanted = _wanted(m, k)
    if prior is None:
        found, law = _uniform(m, wanted, per_level, rng), "uniform given K_LZ"
    else:
        found, law = _of_prior(m, wanted, per_level, prior, rng), "prior given K_LZ"
    unit = math.log2(m) / 2.0
    return tuple(
        Target(name=f"K={level * unit:g} #{number}", function=text, k=level * unit, origin=law)
        for level, words in sorted(found.items())
        for number, text in enumerate(bits.to_text(words, m), start=1)
    )


@dataclass(frozen=True)
class _Wanted:
    """Complexities in units of log2(m)/2, and whether they were asked for or are the default."""

    levels: list[float]
    asked: bool


def _wanted(m: int, k: Any) -> _Wanted:
    unit = math.log2(m) / 2.0
    if k is None:
        from priorvol.nulls import uniform_functions

        mean = float(level_of(uniform_functions(_UNIFORM, m, seed=0), m).mean())
        step = (mean - 2.0) / (N_LEVELS - 1)
        return _Wanted([2.0 + step * number for number in range(N_LEVELS)], False)
    if isinstance(k, str) or not np.iterable(k) or not len(list(k)):
        raise ValueError(f"k must be a sequence of complexities in bits, got {k!r:.80}")
    levels = [checks.real("k", value, low=0.0, high=2.0 * m * unit) / unit for value in k]
    return _Wanted(levels, True)


def _nearest(wanted: _Wanted, levels: npt.NDArray[np.int64], m: int) -> list[int]:
    """Return the level nearest to each of those wanted; raise ``ValueError`` if two are one."""
    found = [int(levels[np.argmin(np.abs(levels - value))]) for value in wanted.levels]
    if not wanted.asked:
        return sorted(set(found))
    for i, level in enumerate(found):
        if level in found[:i]:
            unit = math.log2(m) / 2.0
            pair = [wanted.levels[place] * unit for place in (found.index(level), i)]
            raise ValueError(
                f"k = {pair[0]:g} and {pair[1]:g} have the same nearest complexity, "
                f"{level * unit:g} bits"
            )
    return found


def _uniform(m: int, wanted: _Wanted, number: int, rng: np.random.Generator) -> dict[int, Words]:
    listed, complete = _listed(m)
    levels = level_of(listed, m)
    if complete == math.inf:
        return _chosen(listed, levels, _nearest(wanted, np.unique(levels), m), number, rng)
    last = int(complete)
    low = np.unique(levels[levels <= last])
    if max(wanted.levels) <= last:
        return _chosen(listed, levels, _nearest(wanted, low, m), number, rng)
    walk = FlatWalk(m, rng, listed=listed[levels <= last])
    chosen = _nearest(wanted, np.union1d(low, walk.seen[walk.seen > last]), m)
    found = _chosen(listed, levels, [level for level in chosen if level <= last], number, rng)
    drawn = walk.draw([level for level in chosen if level > last], number)
    for level, words in drawn.items():
        if len(words) == 0:  # it was looked at, but no chain stayed
            raise ValueError(
                f"no function of K_LZ = {level * math.log2(m) / 2.0:g} bits was met: ask for k "
                "nearer to the middle of its range"
            )
    return found | drawn


def _listed(m: int) -> tuple[Words, float]:
    """Return functions that are listed, and the level up to which these are all there are."""
    if m <= _EVERY:
        return np.arange(1 << m, dtype=np.uint64)[:, None], math.inf
    n = m.bit_length() - 1
    if m == 1 << n and n <= 7:
        from priorvol.simplicity.enumeration import simple_functions

        simple = simple_functions("k_lz", n)
        return simple.functions, (simple.complete_up_to or 0.0) * 2.0 / n
    constants = bits.pack(np.array([[False] * m, [True] * m]))
    return constants, 2.0


def _of_prior(
    m: int,
    wanted: _Wanted,
    number: int,
    prior: FunctionTable,
    rng: np.random.Generator,
) -> dict[int, Words]:
    if not isinstance(prior, FunctionTable):
        raise ValueError(f"prior must be a FunctionTable, got {type(prior).__name__}")
    if prior.m != m:
        raise ValueError(f"prior has m = {prior.m} inputs, not {m}")
    if prior.n_unlisted:
        raise ValueError(
            f"prior must list every draw, but {prior.n_unlisted:,} of {prior.n_samples:,} were "
            "left out"
        )
    levels = level_of(np.ascontiguousarray(prior.functions), m)
    chosen = _nearest(wanted, np.unique(levels), m)
    weights = prior.counts.astype(np.float64)
    return _chosen(np.asarray(prior.functions), levels, chosen, number, rng, weights)


def _chosen(
    words: Words,
    levels: npt.NDArray[np.int64],
    chosen: list[int],
    number: int,
    rng: np.random.Generator,
    weights: npt.NDArray[np.float64] | None = None,
) -> dict[int, Words]:
    """Return distinct words at each level, drawn without replacement."""
    found = {}
    for level in chosen:
        places = np.flatnonzero(levels == level)
        p = None if weights is None else weights[places] / weights[places].sum()
        taken = rng.choice(places, min(number, len(places)), replace=False, p=p)
        found[level] = np.ascontiguousarray(words[taken])
    return found
