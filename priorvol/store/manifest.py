"""The manifest of a run folder: what is in it, and of which task."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any, cast

from priorvol import bits, checks
from priorvol.provenance import Provenance
from priorvol.rng import BLOCK, check_seed
from priorvol.sources import Source, source_from_json, source_to_json
from priorvol.task import Task

FORMAT = "priorvol run"
FORMAT_VERSION = 1
TIE_RULE = "f(x) = 1 if and only if h(x) > 0"

NAME = "manifest.json"
SEGMENT_NAME = r"table-\d+-[0-9a-f]{16}"
KINDS = ("rows", "t")

_FIELDS = (
    "task",
    "task_hash",
    "m",
    "bit_order",
    "tie_rule",
    "source",
    "seeds",
    "stream_version",
    "created_with",
    "n_samples",
    "segments",
)


def segment_name(n_samples: int, provenance: Provenance) -> str:
    """Return the name of the segment that holds these draws.

    Examples
    --------
    >>> segment_name(3, Provenance())
    'table-3-75d05c9a017baf3e'
    """
    text = json.dumps(provenance.to_json(), sort_keys=True)
    return f"table-{n_samples}-{hashlib.sha256(text.encode('ascii')).hexdigest()[:16]}"


@dataclass(frozen=True)
class Segment:
    """One table in a run folder."""

    name: str
    n_rows: int
    n_samples: int
    n_unlisted: int
    provenance: Provenance
    sha256: dict[str, str]

    def __post_init__(self) -> None:
        """Check the fields."""
        if not isinstance(self.name, str) or not re.fullmatch(SEGMENT_NAME, self.name):
            raise ValueError(f"segment name must match {SEGMENT_NAME}, got {self.name!r:.80}")
        accepted = self.n_samples != 0  # else every draw was rejected, and there are no rows
        checks.integer("n_rows", self.n_rows, low=int(accepted))
        checks.integer("n_samples", self.n_samples, low=int(self.n_rows != 0))
        checks.integer("n_unlisted", self.n_unlisted, low=0, high=max(self.n_samples - 1, 0))
        if not isinstance(self.sha256, dict) or sorted(self.sha256) != sorted(KINDS):
            raise ValueError(f"sha256 must hold {list(KINDS)}, got {self.sha256!r:.80}")

    def file(self, kind: str) -> str:
        """Return the name of its file of one of the KINDS."""
        return f"{self.name}.{kind}.npy"

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return asdict(self) | {"provenance": self.provenance.to_json()}

    @classmethod
    def from_json(cls, record: Any) -> Segment:
        """Build from what `to_json` returned, or raise ``ValueError``."""
        segment = checks.from_record(cls, record, "segment")
        held = Provenance.from_json(cast(Any, segment.provenance))
        return replace(segment, provenance=Provenance() + held)


@dataclass(frozen=True)
class Manifest:
    """What a run folder holds; ``task_json`` is the task as it was first written."""

    task: Task | None
    task_json: dict[str, Any] | None
    m: int
    source: Source
    seeds: tuple[int, ...]
    stream_version: int | None
    created_with: dict[str, str]
    segments: tuple[Segment, ...] = ()

    @classmethod
    def new(
        cls,
        task: Task | None,
        m: int,
        *,
        source: Source,
        seeds: tuple[int, ...],
        stream_version: int | None,
    ) -> Manifest:
        """Return the manifest of a folder that holds nothing yet."""
        created_with = {name: version(name) for name in ("priorvol", "numpy", "numba")}
        created_with["python"] = platform.python_version()
        task_json = None if task is None else task.to_json()
        return cls(task, task_json, m, source, seeds, stream_version, created_with)

    @property
    def provenance(self) -> Provenance:
        """Which draws all segments hold together; raises ``ValueError`` if one is held twice."""
        return sum((segment.provenance for segment in self.segments), Provenance())

    @property
    def n_samples(self) -> int:
        """Number of draws in all segments."""
        return sum(segment.n_samples for segment in self.segments)

    def require_same_run(self, wanted: Manifest) -> None:
        """Raise ``ValueError`` unless draws of both belong to one run, naming the difference."""
        for what, held, asked in (
            ("source", self.source, wanted.source),
            ("task", self.task, wanted.task),
            ("seed", self.seeds, wanted.seeds),
            ("stream version", self.stream_version, wanted.stream_version),
        ):
            if held != asked:
                raise ValueError(f"it holds another {what}: {_show(held)}, not {_show(asked)}")

    def to_text(self) -> str:
        """Return the text of the file."""
        spans = self.provenance.spans
        record = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "task": self.task_json,
            "task_hash": None if self.task is None else self.task.content_hash,
            "m": self.m,
            "bit_order": bits.BIT_ORDER,
            "tie_rule": TIE_RULE,
            "source": source_to_json(self.source),
            "seeds": list(self.seeds),
            "stream_version": self.stream_version,
            "created_with": self.created_with,
            "n_samples": self.n_samples,
            "blocks": [
                {
                    "seed": span.seed,
                    "first": span.start // BLOCK,
                    "last": (span.stop - 1) // BLOCK,
                    "groups": span.size,
                }
                for span in spans
            ],
            "segments": [segment.to_json() for segment in self.segments],
        }
        return json.dumps(record, indent=2) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Manifest:
        """Build from the text of the file.

        Raises
        ------
        ValueError
            If it is not a manifest, is of a newer format, or contradicts itself.
        """
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"it is cut short or not JSON: {error}") from None
        try:
            return cls._from_json(record)
        except (TypeError, AttributeError, LookupError) as error:
            raise ValueError(f"a field is of the wrong type: {error}") from None

    @classmethod
    def _from_json(cls, record: Any) -> Manifest:
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise ValueError(f"it is not the manifest of a run (format: {FORMAT!r})")
        number = checks.integer("format_version", record.get("format_version"), low=1)
        if number > FORMAT_VERSION:
            raise ValueError(f"format_version must be at most {FORMAT_VERSION} here, got {number}")
        missing = [name for name in _FIELDS if name not in record]
        if missing:
            raise ValueError(f"it lacks the fields {missing}")
        for name, known in (("bit_order", bits.BIT_ORDER), ("tie_rule", TIE_RULE)):
            if record[name] != known:
                raise ValueError(f"{name} must be {known!r}, got {record[name]!r}")
        task = None if record["task"] is None else Task.from_json(record["task"])
        manifest = cls(
            task=task,
            task_json=record["task"],
            m=checks.integer("m", record["m"], low=1),
            source=source_from_json(record["source"]),
            seeds=tuple(check_seed(seed) for seed in record["seeds"]),
            stream_version=record["stream_version"],
            created_with=dict(record["created_with"]),
            segments=tuple(Segment.from_json(segment) for segment in record["segments"]),
        )
        manifest._check(record["task_hash"], record["n_samples"])
        return manifest

    def _check(self, task_hash: Any, n_samples: Any) -> None:
        found = None if self.task is None else self.task.content_hash
        if task_hash != found:
            raise ValueError(f"task_hash is {task_hash!r}, but its task has {found!r}")
        if self.task is not None and self.task.m != self.m:
            raise ValueError(f"m is {self.m}, but its task has m = {self.task.m} inputs")
        if n_samples != self.n_samples:
            raise ValueError(f"n_samples is {n_samples!r}, but its segments hold {self.n_samples}")
        for span in self.provenance.spans:
            if span.seed not in self.seeds or span.stream_version != self.stream_version:
                raise ValueError(
                    f"it holds {span} of stream version {span.stream_version}, but names seeds "
                    f"{list(self.seeds)} and stream version {self.stream_version}"
                )


def _show(value: Any) -> str:
    if isinstance(value, Task):
        return f"{value} ({value.content_hash[:12]})"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
