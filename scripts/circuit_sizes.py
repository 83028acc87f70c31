"""Compute the exact circuit sizes of all functions of four inputs and write or check the file.

The sizes, over all 16 two-input gates, are those of `priorvol.complexity.circuit_size`: an
exhaustive search over circuits of 1, 2, ... gates until every function has been met, which proves
each size. The file holds one function of each class under permutation and negation of the inputs
and negation of the function: its word, its size, and a circuit of that many gates. Its bytes
depend on nothing but these. Takes about 40 seconds on one core.

    python scripts/circuit_sizes.py            compare with the file in the package
    python scripts/circuit_sizes.py --write    write it
"""

from __future__ import annotations

import argparse
import io
import sys
import time
import zipfile
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import priorvol
from priorvol._kernels import circuit_search
from priorvol._kernels.circuit_search import LARGEST, UNKNOWN

FILE = Path(priorvol.__file__).parent / "complexity" / "circuit_sizes.npz"
POINTS = np.arange(16)
KNUTH = (10, 60, 456, 2474, 10624, 24184, 25008, 2720)  # TAOCP 4A, section 7.1.2


def orbit(words: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the images of functions under permutations and negations of inputs: (384, k)."""
    bits = words[:, None] >> POINTS & 1
    images = []
    for order in permutations(range(4)):
        moved = np.bitwise_or.reduce([(POINTS >> i & 1) << j for i, j in enumerate(order)])
        images += [bits[:, moved ^ flips] @ (1 << POINTS) for flips in range(16)]
    return np.array(images)


def search() -> dict[str, npt.NDArray[Any]]:
    """Return one function of each class, its size and its gates."""
    sizes = np.full(1 << 16, UNKNOWN)
    chains = np.zeros((1 << 16, LARGEST, 3), dtype=np.uint8)
    trivial = np.array([0, *circuit_search.INPUTS])
    for words in (trivial, trivial ^ 0xFFFF):
        sizes[words] = 0
    columns: dict[str, list[npt.NDArray[Any]]] = {
        "functions": [trivial[:2]],
        "sizes": [np.zeros(2, dtype=np.int64)],
        "chains": [chains[:2].copy()],
    }
    for n_gates in range(1, LARGEST + 1):
        start = time.perf_counter()
        tried = circuit_search.mark(n_gates, sizes, chains)
        found = np.flatnonzero(sizes == n_gates)
        left = np.ones(len(found), dtype=bool)
        members = []
        for position, word in enumerate(found):
            if left[position]:
                images = orbit(np.array([word]))[:, 0]
                images = np.concatenate([images, images ^ 0xFFFF])
                sizes[images] = n_gates
                left &= ~np.isin(found, images)
                members.append(word)
        columns["functions"].append(np.array(members, dtype=np.int64))
        columns["sizes"].append(np.full(len(members), n_gates))
        columns["chains"].append(chains[members])
        seconds = time.perf_counter() - start
        counts = f"{tried:,} circuits, {len(members)} classes, {seconds:.1f} s"
        print(f"{n_gates} gates: {counts}", file=sys.stderr)
        if not (sizes == UNKNOWN).any():
            break
    numbers = tuple(np.bincount(sizes).tolist())
    print(f"functions of 0, 1, ... gates: {numbers}", file=sys.stderr)
    if numbers != KNUTH:
        raise RuntimeError(f"the numbers of functions should be {KNUTH}")
    merged = {name: np.concatenate(parts) for name, parts in columns.items()}
    return {
        "functions": merged["functions"].astype("<u2"),
        "sizes": merged["sizes"].astype(np.uint8),
        "chains": merged["chains"][:, : len(numbers) - 1],
    }


def file_bytes(arrays: dict[str, npt.NDArray[Any]]) -> bytes:
    """Return an uncompressed npz file of arrays, with a fixed date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(
                content, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False
            )
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # whatever the system is
            archive.writestr(entry, content.getvalue())
    return buffer.getvalue()


def main() -> int:
    """Search, then compare or write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the file")
    arguments = parser.parse_args()
    content = file_bytes(search())
    if arguments.write:
        FILE.write_bytes(content)
        print(f"{FILE.name}: {len(content):,} bytes written")
        return 0
    same = FILE.read_bytes() == content
    print(f"{FILE.name}: {'the same' if same else 'DIFFERENT'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
