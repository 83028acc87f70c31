"""Seeds of the parts of an experiment, which are to be independent of one another."""

from __future__ import annotations

from priorvol.rng import generator


def part_seed(seed: int, part: str) -> int:
    """Return the seed of one part, by its name; it does not depend on the other parts.

    Networks that are trained and networks that are accepted from the prior would else be the same.

    Examples
    --------
    >>> part_seed(0, "rejection") == part_seed(0, "training")
    False
    """
    return int(generator(seed, f"experiment: {part}").integers(1 << 63))
