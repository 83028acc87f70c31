"""Compute the named functions of the atlas and write data/atlas.csv or compare with it.

python scripts/write_atlas.py            compare with the file
python scripts/write_atlas.py --write    write it
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from pathlib import Path

from priorvol import atlas, bits

FILE = Path(__file__).parents[1] / "data" / "atlas.csv"


def listing() -> str:
    """Return the file: name, n, definition and function in hexadecimal, a line a function."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "n", "definition", "function"])
    for entry in atlas.entries():
        words, m = bits.as_words(entry.text)
        writer.writerow([entry.name, entry.n, entry.definition, *bits.to_text(words, m, base=16)])
    return text.getvalue()


def main() -> int:
    """Compute, then compare or write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the file")
    arguments = parser.parse_args()
    text = listing()
    if arguments.write:
        FILE.write_text(text, encoding="ascii")
        print(f"{FILE.name}: {text.count(chr(10)) - 1} functions written")
        return 0
    same = FILE.read_text(encoding="ascii") == text
    print(f"{FILE.name}: {'the same' if same else 'DIFFERENT'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
