"""`Task`: which network, under which prior, read off on which inputs."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

from priorvol.architecture import Architecture, Prior
from priorvol.inputs import Inputs, boolean_cube


@dataclass(frozen=True)
class Task:
    """A network prior and an input set: what fixes P(f).

    The seed and the number of samples are no part of it. Two tasks are equal when their
    canonical JSON is, so ``sigma_w=1``, ``1.0`` and ``(1, 1, 1)`` give one task.

    Parameters
    ----------
    architecture : Architecture
    prior : Prior, optional
        Stored with every field written out a layer. Default ``Prior()``.
    inputs : Inputs, optional
        Default: the Boolean cube {0, 1}^n_inputs.

    Raises
    ------
    ValueError
        If the inputs' dimension is not ``architecture.n_inputs``, or the prior has values for
        another number of layers.

    Examples
    --------
    >>> task = Task(Architecture(7, (40, 40)), Prior(sigma_b=0.0))
    >>> task.m, task.content_hash[:8] == Task.from_json(task.to_json()).content_hash[:8]
    (128, True)
    """

    architecture: Architecture
    prior: Prior = Prior()
    inputs: Inputs = field(default=cast(Inputs, None))  # the cube, once n_inputs is known

    def __post_init__(self) -> None:
        """Check that the three parts fit."""
        for name, kind in (("architecture", Architecture), ("prior", Prior)):
            if not isinstance(getattr(self, name), kind):
                raise ValueError(f"{name} must be a {kind.__name__}, got {getattr(self, name)!r}")
        if self.inputs is None:
            object.__setattr__(self, "inputs", boolean_cube(self.architecture.n_inputs))
        if not isinstance(self.inputs, Inputs):
            raise ValueError(f"inputs must be Inputs (see boolean_cube), got {self.inputs!r}")
        if self.inputs.n != self.architecture.n_inputs:
            raise ValueError(
                f"inputs have {self.inputs.n} dimensions, but the architecture has "
                f"n_inputs = {self.architecture.n_inputs}"
            )
        object.__setattr__(self, "prior", self.prior.expand(self.architecture.n_layers))

    @property
    def m(self) -> int:
        """Number of input points, the number of bits of a function."""
        return self.inputs.m

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the canonical JSON, hexadecimal: the task's identity."""
        record = self.to_json() | {"inputs": self.inputs.identity()}
        text = json.dumps(record, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict that holds the whole task, its points included."""
        return {
            "architecture": self.architecture.to_json(),
            "prior": self.prior.to_json(),
            "inputs": self.inputs.to_json(),
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Task:
        """Build from what `to_json` returned.

        Raises
        ------
        ValueError
            If a part is missing, unknown or out of range.
        """
        parts = ("architecture", "prior", "inputs")
        if not isinstance(record, dict) or sorted(record) != sorted(parts):
            raise ValueError(f"a task must be a JSON object of {list(parts)}, got {record!r:.80}")
        return cls(
            Architecture.from_json(record["architecture"]),
            Prior.from_json(record["prior"]),
            Inputs.from_json(record["inputs"]),
        )

    def wide(self) -> Task:
        """Return the task with infinite hidden widths; a perceptron as it is.

        Not every prior has a limit there: what needs one says so.

        Examples
        --------
        >>> Task(Architecture(7, (40, 40))).wide().architecture.hidden
        (inf, inf)
        """
        hidden: Any = (math.inf,) * len(self.architecture.hidden)
        return Task(replace(self.architecture, hidden=hidden), self.prior, self.inputs)

    def require_finite(self, what: str) -> None:
        """Raise ``ValueError`` if the widths are infinite, naming ``what`` needs finite ones."""
        if self.architecture.is_infinite:
            raise ValueError(
                f"{what} needs finite hidden widths, got hidden = {self.architecture.hidden}"
            )

    def __eq__(self, other: object) -> bool:
        """Whether both have the same content."""
        return isinstance(other, Task) and self.content_hash == other.content_hash

    def __hash__(self) -> int:
        """Hash of the content."""
        return hash(self.content_hash)

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.architecture} on {self.inputs.name}, {self.prior}"


def check_task(task: Any) -> Task:
    """Return ``task``, or raise ``ValueError`` if it is not a `Task`."""
    if not isinstance(task, Task):
        raise ValueError(f"task must be a Task, got {type(task).__name__}")
    return task
