"""Words drawn uniformly from those of a given Lempel-Ziv complexity, by a Markov chain.

The chain walks over all levels of complexity: its stationary law gives every level about the same
weight, and all words of a level exactly the same (a flat histogram, as of Wang and Landau, Phys.
Rev. Lett. 86 (2001) 2050). Moves are proposed as often as their inverses, so that the weights of
the levels, which are learnt first and then held fixed, are all that is accepted by.

Words of low complexity are so rare that a chain of this length seldom goes from one end to the
other; half of the chains start at either end, and what is drawn between is as uniform as they mix
there. By that measure, at m = 128: four runs agree on the number of words of each level to 0.6 in
the natural log from 24.5 bits up, where they put 9.0 (8.3 is exact), and to 0.1 from 115 bits up.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol.bits import Words

Levels = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]
Grid = npt.NDArray[np.bool_]

N_CHAINS = 512
N_STEPS = 1500
"""Steps for learning the weights of the levels, and as many again at least for drawing."""

_RATE = 0.02  # nats by which a level's weight grows at each step while all chains are there
_THIN = 25
_MOST_ROUNDS = 8


def level_of(words: Words, m: int) -> Levels:
    """Return N(x) + N(reverse x) of each word, which is 2 K_LZ / log2(m); 2 for constant words.

    Examples
    --------
    >>> level_of(np.array([[0], [6]], dtype=np.uint64), 4)
    array([2, 6])
    """
    from priorvol.complexity import k_lz

    return np.rint(k_lz(words, m=m) * 2.0 / math.log2(m)).astype(np.int64)


class FlatWalk:
    """Chains that walk over the words of m characters, at all levels of complexity alike.

    Parameters
    ----------
    m : int
        Characters of a word, at least 4.
    rng : numpy.random.Generator
    listed : (k, words) uint64 array, optional
        All words of the lowest levels, packed: half of the chains start there, and their numbers
        are where the weights start from. Default: the two constant words.
    n_chains, n_steps : int

    Attributes
    ----------
    log_number : (levels,) float64 array
        Natural log of the estimated number of words at each level; -inf where no chain was while
        the weights were held fixed.

    Examples
    --------
    >>> walk = FlatWalk(8, np.random.default_rng(0), n_chains=64, n_steps=200)
    >>> found = walk.draw([2, 7], 3)
    >>> level_of(found[7], 8), len(np.unique(found[7]))
    (array([7, 7, 7]), 3)
    """

    def __init__(
        self,
        m: int,
        rng: np.random.Generator,
        *,
        listed: Words | None = None,
        n_chains: int = N_CHAINS,
        n_steps: int = N_STEPS,
    ) -> None:
        """Start the chains, half of them at listed words, and learn the weights."""
        self._m, self._rng, self._n_steps = m, rng, n_steps
        self._x = rng.random((n_chains, m)) < 0.5
        self._levels = level_of(bits.pack(self._x), m)
        if listed is None:
            listed = bits.pack(np.array([[False] * m, [True] * m]))
        low = level_of(listed, m)
        self._weights = _first_weights(m, self._levels, low)
        self._start_low(listed, low)
        self._seen = np.zeros(len(self._weights), dtype=bool)
        self._visits = np.zeros(len(self._weights))
        for step in range(n_steps):
            self._step()
            rate = _RATE * min(1.0, n_steps / (5.0 * (step + 1)))
            here = np.bincount(self._levels, minlength=len(self._weights))
            self._weights += rate * here / n_chains * self._seen.sum()

    @property
    def seen(self) -> Levels:
        """Levels that a chain has been at or looked at, rising."""
        return np.flatnonzero(self._seen)

    @property
    def log_number(self) -> Array:
        """Natural log of the number of words at each level."""
        with np.errstate(divide="ignore"):
            found = self._weights + np.log(self._visits)
        total = float(np.logaddexp.reduce(found)) - self._m * math.log(2.0)
        return np.asarray(found - total, dtype=np.float64)

    def walk(self, n_steps: int) -> None:
        """Walk on with the weights held fixed."""
        for _ in range(n_steps):
            self._step()
            self._visits += np.bincount(self._levels, minlength=len(self._weights))

    def draw(self, levels: list[int], number: int) -> dict[int, Words]:
        """Return up to ``number`` distinct words at each level, from as many chains as can be.

        There are fewer where the chains met no more.
        """
        pools: dict[int, list[Words]] = {level: [] for level in levels}
        for _ in range(_MOST_ROUNDS):
            for _ in range(max(self._n_steps // _THIN, 1)):
                self.walk(_THIN)
                words = bits.pack(self._x)
                for level, pool in pools.items():
                    pool.append(words[self._levels == level])
            if all(_n_distinct(pool) >= number for pool in pools.values()):
                break
        return {level: self._some(np.concatenate(pool), number) for level, pool in pools.items()}

    def _start_low(self, listed: Words, low: Levels) -> None:
        """Put half of the chains at listed words, the levels of these alike."""
        number = len(self._x) // 2
        chosen = self._rng.choice(np.unique(low), number)
        places = [self._rng.choice(np.flatnonzero(low == level)) for level in chosen]
        self._x[:number] = bits.unpack(listed[places], self._m)
        self._levels[:number] = chosen

    def _some(self, pool: Words, number: int) -> Words:
        """Return distinct words of a pool in random order."""
        shuffled = pool[self._rng.permutation(len(pool))]
        _, first = np.unique(shuffled, axis=0, return_index=True)
        return shuffled[np.sort(first)[:number]]

    def _step(self) -> None:
        proposed = propose(self._x, self._rng)
        levels = level_of(bits.pack(proposed), self._m)
        self._seen[self._levels] = self._seen[levels] = True
        gain = self._weights[self._levels] - self._weights[levels]
        accepted = np.log(self._rng.random(len(levels))) < gain
        self._x[accepted] = proposed[accepted]
        self._levels = np.where(accepted, levels, self._levels)


def propose(x: Grid, rng: np.random.Generator) -> Grid:
    """Return a proposal for each row: one of six moves, each as likely as its inverse.

    Examples
    --------
    >>> propose(np.zeros((3, 8), dtype=bool), np.random.default_rng(0)).shape
    (3, 8)
    """
    found, kind = x.copy(), rng.integers(len(_MOVES), size=len(x))
    for number, move in enumerate(_MOVES):
        rows = np.flatnonzero(kind == number)
        found[rows] = move(x[rows], rng)
    return found


def _first_weights(m: int, uniform: Levels, low: Levels) -> Array:
    """Return a guess of ln(number of words) at each level, from all low ones and uniform ones."""
    levels = np.arange(2 * m + 4, dtype=np.float64)
    mean, deviation = float(uniform.mean()), max(float(uniform.std()), 0.5)
    most = m * math.log(2.0)
    places, numbers = np.unique(low[low < mean], return_counts=True)
    rising = np.interp(levels, [*places, mean], [*np.log(numbers), most])
    falling = most - np.maximum(levels - mean, 0.0) ** 2 / (2.0 * deviation**2)
    return np.asarray(np.minimum(rising, falling))


def _n_distinct(pool: list[Words]) -> int:
    return len(np.unique(np.concatenate(pool), axis=0))


def _lengths(k: int, longest: int, rng: np.random.Generator) -> Levels:
    """Return lengths from 1 to ``longest``, about as often in each octave."""
    lengths = np.exp2(rng.random(k) * math.log2(longest + 1)).astype(np.int64)
    return np.clip(lengths, 1, longest)


def _arc(k: int, m: int, rng: np.random.Generator) -> tuple[Grid, Levels]:
    """Return arcs of the circle of m places, and how far each place is behind their start."""
    start, length = rng.integers(m, size=(k, 1)), _lengths(k, m, rng)[:, None]
    offset = (np.arange(m) - start) % m
    return offset < length, offset


def _flip(x: Grid, rng: np.random.Generator) -> Grid:
    """Flip one character."""
    k, m = x.shape
    return np.asarray(np.logical_xor(x, np.arange(m) == rng.integers(m, size=(k, 1))))


def _flip_arc(x: Grid, rng: np.random.Generator) -> Grid:
    """Flip all characters of an arc."""
    k, m = x.shape
    return np.asarray(np.logical_xor(x, _arc(k, m, rng)[0]))


def _flip_comb(x: Grid, rng: np.random.Generator) -> Grid:
    """Flip every p-th character of an arc."""
    k, m = x.shape
    arc, offset = _arc(k, m, rng)
    return np.asarray(np.logical_xor(x, arc & (offset % _lengths(k, m // 2, rng)[:, None] == 0)))


def _add_pattern(x: Grid, rng: np.random.Generator) -> Grid:
    """Add, mod 2, a random word repeated over an arc."""
    k, m = x.shape
    arc, _ = _arc(k, m, rng)
    pattern = rng.random((k, m // 2)) < 0.5
    place = np.arange(m) % _lengths(k, m // 2, rng)[:, None]
    return np.asarray(np.logical_xor(x, arc & np.take_along_axis(pattern, place, axis=1)))


def _rotate(x: Grid, rng: np.random.Generator) -> Grid:
    """Rotate a block by one place, to either side."""
    k, m = x.shape
    length = _lengths(k, m, rng)[:, None]
    start = rng.integers(0, m - length + 1)
    offset = np.arange(m) - start
    inside = (offset >= 0) & (offset < length)
    side = np.where(rng.random((k, 1)) < 0.5, 1, -1)
    source = np.where(inside, start + (offset + side) % length, np.arange(m))
    return np.take_along_axis(x, source, axis=1)


def _add_block(x: Grid, rng: np.random.Generator) -> Grid:
    """Add, mod 2, one block to another that it does not overlap."""
    k, m = x.shape
    length = _lengths(k, m // 2, rng)[:, None]
    start, other = rng.integers(0, m - length + 1), rng.integers(0, m - length + 1)
    offset = np.arange(m) - start
    inside = (offset >= 0) & (offset < length) & (np.abs(start - other) >= length)
    source = np.clip(other + offset, 0, m - 1)
    return np.asarray(np.logical_xor(x, inside & np.take_along_axis(x, source, axis=1)))


_MOVES: tuple[Callable[[Grid, np.random.Generator], Grid], ...] = (
    _flip,
    _flip_arc,
    _flip_comb,
    _add_pattern,
    _rotate,
    _add_block,
)
