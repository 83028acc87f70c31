"""An atlas of named Boolean functions of 3 to 7 inputs, one file a family.

Every name has a one-line definition that suffices to compute the function again. x1 is the first
and most significant input bit, input i is the binary expansion of i, and a function is the text of
its values at i = 0 ... 2^n - 1. Words may be equal under two names at small n.

Examples
--------
>>> from priorvol import atlas, complexity
>>> atlas.function("parity", 3)
'01101001'
>>> complexity.k_lz(atlas.function("parity", 3))
array([15.])
"""

from priorvol.atlas.catalogue import entries, entry, function, names
from priorvol.atlas.entry import Definition, Entry

__all__ = ["Definition", "Entry", "entries", "entry", "function", "names"]
