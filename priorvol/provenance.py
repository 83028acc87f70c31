"""Which draws a table holds: spans of random streams, and digests of imports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from typing import Any

from priorvol import checks
from priorvol.rng import BLOCK, STREAM_VERSION, check_seed
from priorvol.sources import MAX_DRAWS


@dataclass(frozen=True, order=True)
class Span:
    """Groups ``start`` to ``stop - 1`` of one random stream, counted across blocks.

    Group g is index g % BLOCK of block g // BLOCK (`priorvol.rng`); with one output draw a group
    is a sample.
    """

    seed: int
    output_draws: int
    start: int
    stop: int
    stream_version: int = STREAM_VERSION

    def __post_init__(self) -> None:
        """Check the ends and make every field an int."""
        start = checks.integer("span start", self.start, low=0)
        settled = (
            check_seed(self.seed),
            checks.integer("output_draws", self.output_draws, low=1, high=MAX_DRAWS),
            start,
            checks.integer("span stop", self.stop, low=start + 1),
            checks.integer("stream_version", self.stream_version, low=1),
        )
        for field, value in zip(fields(self), settled, strict=True):
            object.__setattr__(self, field.name, value)

    @property
    def stream(self) -> tuple[int, int, int]:
        """Seed, output draws and stream version."""
        return (self.seed, self.output_draws, self.stream_version)

    @property
    def size(self) -> int:
        """Number of groups."""
        return self.stop - self.start

    def blocks(self) -> Iterator[tuple[int, int, int]]:
        """Yield (block, start, stop) with start and stop inside the block."""
        for block in range(self.start // BLOCK, (self.stop - 1) // BLOCK + 1):
            first = block * BLOCK
            yield block, max(self.start - first, 0), min(self.stop - first, BLOCK)

    def __str__(self) -> str:
        """Return one line for people."""
        (first, low, _), *_, (last, _, high) = [next(self.blocks()), *self.blocks()]
        return f"seed {self.seed}, block {first} index {low} to block {last} index {high - 1}"


@dataclass(frozen=True)
class Provenance:
    """Which draws a table holds: disjoint spans of random streams and digests of imports.

    Spans are kept in order, those that touch as one.

    Raises
    ------
    ValueError
        If a draw or an import is there twice.

    Examples
    --------
    >>> a = Provenance((Span(0, 1, 0, 10),)) + Provenance((Span(0, 1, 10, 20),))
    >>> a.spans
    (Span(seed=0, output_draws=1, start=0, stop=20, stream_version=1),)
    """

    spans: tuple[Span, ...] = ()
    imports: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Sort, join what touches, and check that nothing is there twice."""
        imports = tuple(sorted(self.imports))
        for digest, following in pairwise(imports):
            if digest == following:
                raise ValueError(f"both tables hold the same import (sha256 {digest[:12]}...)")
        joined: list[Span] = []
        for span in sorted(self.spans, key=lambda s: (s.stream, s.start)):
            last = joined[-1] if joined else None
            if last is None or last.stream != span.stream or last.stop < span.start:
                joined.append(span)
            elif last.stop == span.start:
                joined[-1] = replace(last, stop=span.stop)
            else:
                repeated = replace(span, stop=min(last.stop, span.stop))
                raise ValueError(f"both tables hold the same draws: {repeated}")
        object.__setattr__(self, "spans", tuple(joined))
        object.__setattr__(self, "imports", imports)

    def __add__(self, other: Provenance) -> Provenance:
        """Return the union.

        Raises
        ------
        ValueError
            If a draw or an import is in both; the message names it.
        """
        return Provenance(self.spans + other.spans, self.imports + other.imports)

    def gaps(self, wanted: Span) -> list[Span]:
        """Return the parts of ``wanted`` that are not held, in order."""
        gaps, start = [], wanted.start
        for span in self.spans:
            if span.stream == wanted.stream and span.stop > start and span.start < wanted.stop:
                if span.start > start:
                    gaps.append(replace(wanted, start=start, stop=span.start))
                start = span.stop
        if start < wanted.stop:
            gaps.append(replace(wanted, start=start))
        return gaps

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {"spans": [asdict(span) for span in self.spans], "imports": list(self.imports)}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Provenance:
        """Build from what `to_json` returned, or raise ``ValueError``."""
        if not isinstance(record, dict) or set(record) != {"spans", "imports"}:
            raise ValueError(f"provenance must hold spans and imports, got {record!r:.80}")
        for name in ("spans", "imports"):
            if not isinstance(record[name], list):
                raise ValueError(f"provenance {name} must be a list, got {record[name]!r:.80}")
        names = [field.name for field in fields(Span)]
        spans = (checks.from_record(Span, span, "span", required=names) for span in record["spans"])
        return cls(tuple(spans), tuple(str(digest) for digest in record["imports"]))
