"""Sources: how the draws of a table were made, as frozen records with a JSON form.

The ``purpose`` of a source is that of the random streams which its draws come from
(`priorvol.rng.stream_key`), empty without any.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from priorvol import checks
from priorvol.training_set import TrainingSet

MAX_DRAWS = 1 << 16
POSTERIOR_METHODS = ("independent", "chains", "rejection")

_TITLES = ("name", "quantity")


@dataclass(frozen=True)
class PriorSampling:
    """Independent networks drawn from the prior, ``output_draws`` output layers each.

    Examples
    --------
    >>> PriorSampling(output_draws=50).output_draws
    50
    """

    kind: ClassVar[str] = "prior"
    purpose: ClassVar[str] = "prior"
    quantity: ClassVar[str] = "P(f)"
    output_draws: int = 1

    def __post_init__(self) -> None:
        """Check the number of output draws."""
        draws = checks.integer("output_draws", self.output_draws, low=1, high=MAX_DRAWS)
        object.__setattr__(self, "output_draws", draws)

    def __str__(self) -> str:
        """Return one line for people."""
        if self.output_draws == 1:
            return "independent prior samples"
        return f"prior samples in groups: {self.output_draws} output draws a hidden draw"


@dataclass(frozen=True)
class Imported:
    """Counts made elsewhere, taken as counts of independent draws.

    Examples
    --------
    >>> str(Imported("literature.txt"))
    'counts imported from literature.txt'
    """

    kind: ClassVar[str] = "imported"
    purpose: ClassVar[str] = ""
    quantity: ClassVar[str] = "P(f)"
    output_draws: ClassVar[int] = 1
    origin: str = "memory"

    def __str__(self) -> str:
        """Return one line for people."""
        return f"counts imported from {self.origin}"


@dataclass(frozen=True)
class GaussianProcess:
    """Independent draws of functions from a Gaussian law of the outputs.

    Parameters
    ----------
    law : dict of str to JSON values
        What the law is, down to every number that fixes it: kernel, parametrisation, time,
        training set. Tables add up only where it is the same. ``"quantity"`` may name what the
        share of a function among the draws is an estimate of.

    Raises
    ------
    ValueError
        If it is not a JSON object with a text under ``"name"``.

    Examples
    --------
    >>> source = GaussianProcess({"name": "trained", "time": 2.0})
    >>> str(source), source == GaussianProcess({"time": 2.0, "name": "trained"})
    ('draws of a Gaussian process: trained, time=2.0', True)
    """

    kind: ClassVar[str] = "gaussian"
    purpose: ClassVar[str] = "gaussian"
    output_draws: ClassVar[int] = 1
    law: Any

    def __post_init__(self) -> None:
        """Keep the description as text, so that it cannot change."""
        law = json.loads(self.law) if isinstance(self.law, str) else self.law
        if not isinstance(law, dict) or not isinstance(law.get("name"), str):
            raise ValueError(f"law must be a JSON object with a name, got {law!r:.80}")
        try:
            text = json.dumps(law, sort_keys=True, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"law must be JSON: {error}") from None
        object.__setattr__(self, "law", text)

    @property
    def description(self) -> dict[str, Any]:
        """What the law is, as given."""
        record: dict[str, Any] = json.loads(self.law)
        return record

    @property
    def quantity(self) -> str:
        """What the share of a function among the draws is an estimate of."""
        return str(self.description.get("quantity", "P(f)"))

    def __str__(self) -> str:
        """Return one line for people."""
        record = self.description
        if "training_set" in record:
            record["training_set"] = TrainingSet.from_json(record["training_set"])
        rest = [f"{key}={record[key]}" for key in sorted(record) if key not in _TITLES]
        return f"draws of a Gaussian process: {', '.join([record['name'], *rest])}"


@dataclass(frozen=True)
class PosteriorSampling:
    """Draws from P_B(f given S), the prior among the functions that fit a training set.

    Parameters
    ----------
    training_set : TrainingSet
        Its indices are those of the task that was drawn from; a table restricted to some inputs
        keeps them.
    method : "independent", "chains" or "rejection"
        Draws of their own, Markov chains that start from one, or draws of the prior of which those
        that fit were kept; provenance then says which draws of the prior were looked at.
    output_draws : int
        Draws in one group: the length of a chain, 1 for independent draws. By rejection, the
        output draws of a hidden draw, of which those that fit are a group.
    task_hash : str
        ``content_hash`` of the task that was drawn from.
    angles : int, optional
        By rejection, with output draws in planes (`priorvol.planes`): angles in each.

    Raises
    ------
    ValueError
        If a value is out of range or of the wrong type.

    Examples
    --------
    >>> from priorvol.training_set import TrainingSet
    >>> str(PosteriorSampling(TrainingSet([0, 2], [1, 1])))
    'independent posterior samples given 2 training inputs, 2 of them labelled 1'
    """

    kind: ClassVar[str] = "posterior"
    quantity: ClassVar[str] = "P_B(f|S)"
    training_set: TrainingSet
    method: str = "independent"
    output_draws: int = 1
    task_hash: str = ""
    angles: int | None = None

    def __post_init__(self) -> None:
        """Check the fields; a training set may come as JSON."""
        if isinstance(self.training_set, dict):
            object.__setattr__(self, "training_set", TrainingSet.from_json(self.training_set))
        if not isinstance(self.training_set, TrainingSet):
            kind = type(self.training_set).__name__
            raise ValueError(f"training_set must be a TrainingSet, got {kind}")
        checks.choice("posterior method", self.method, POSTERIOR_METHODS)
        high = 1 if self.method == "independent" else MAX_DRAWS
        draws = checks.integer("output_draws", self.output_draws, low=1, high=high)
        object.__setattr__(self, "output_draws", draws)
        if not isinstance(self.task_hash, str):
            raise ValueError(f"task_hash must be text, got {self.task_hash!r:.80}")
        if self.angles is not None:
            if self.method != "rejection":
                raise ValueError(f"angles = {self.angles!r} go with rejection, not {self.method}")
            angles = checks.integer("angles", self.angles, low=1, high=draws)
            object.__setattr__(self, "angles", angles)

    @property
    def purpose(self) -> str:
        """Of the random streams that draws come from; by rejection those of the prior."""
        if self.method != "rejection":
            return "posterior"
        return "prior" if self.angles is None else "planes"

    @property
    def is_filtered(self) -> bool:
        """Whether the draws are those of their spans that fit, not all of them."""
        return self.method == "rejection"

    def __str__(self) -> str:
        """Return one line for people."""
        how = "independent posterior samples"
        if self.method == "rejection":
            how += ", accepted from the prior,"
            if self.output_draws > 1:
                how = (
                    f"posterior samples, accepted from {self.output_draws} output draws a hidden "
                    "draw of the prior"
                )
                how += "," if self.angles is None else f" at {self.angles} angles of planes,"
        elif self.method == "chains":
            how = f"posterior samples in Markov chains of {self.output_draws}"
        return f"{how} given {self.training_set}"


@dataclass(frozen=True)
class TrainingRuns:
    """The functions of training runs at one stopping point, a run a draw.

    A run that did not reach the stopping point is counted with the function on which it ended.

    Parameters
    ----------
    training_set : TrainingSet
        Its indices are those of the task that was trained on; a table restricted to some inputs
        keeps them.
    configuration : dict of str to JSON values
        How the networks were trained, as `priorvol.training.TrainingConfiguration.to_json`.
    stopping_point : str
        Such as ``"zero_error"``; see `priorvol.training.StoppingPoint`.
    task_hash : str
        ``content_hash`` of the task that was trained on.
    version : int
        Of the arithmetic of training; runs of different versions differ.

    Raises
    ------
    ValueError
        If a value is of the wrong type.

    Examples
    --------
    >>> from priorvol.training_set import TrainingSet
    >>> str(TrainingRuns(TrainingSet([0, 2], [1, 0]), {"optimizer": "adam"}, "zero_error"))
    'runs of adam to zero_error on 2 training inputs, 1 of them labelled 1'
    """

    kind: ClassVar[str] = "training"
    purpose: ClassVar[str] = "prior"  # of the networks that runs start from
    output_draws: ClassVar[int] = 1
    quantity: ClassVar[str] = "P_SGD(f|S)"
    training_set: TrainingSet
    configuration: Any
    stopping_point: str
    task_hash: str = ""
    version: int = 1

    def __post_init__(self) -> None:
        """Check the fields; the configuration is kept as text, so that it cannot change."""
        if isinstance(self.training_set, dict):
            object.__setattr__(self, "training_set", TrainingSet.from_json(self.training_set))
        if not isinstance(self.training_set, TrainingSet):
            kind = type(self.training_set).__name__
            raise ValueError(f"training_set must be a TrainingSet, got {kind}")
        given = self.configuration
        record = json.loads(given) if isinstance(given, str) else given
        if not isinstance(record, dict) or not isinstance(record.get("optimizer"), str):
            raise ValueError(f"configuration must be JSON with an optimizer, got {record!r:.80}")
        try:
            text = json.dumps(record, sort_keys=True, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"configuration must be JSON: {error}") from None
        object.__setattr__(self, "configuration", text)
        for name in ("stopping_point", "task_hash"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be text, got {getattr(self, name)!r:.80}")
        version = checks.integer("version", self.version, low=1)
        object.__setattr__(self, "version", version)

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration, as given."""
        record: dict[str, Any] = json.loads(self.configuration)
        return record

    def __str__(self) -> str:
        """Return one line for people."""
        how = self.settings["optimizer"]
        return f"runs of {how} to {self.stopping_point} on {self.training_set}"


Source = PriorSampling | Imported | GaussianProcess | PosteriorSampling | TrainingRuns
_SOURCES: dict[str, type[Source]] = {
    "prior": PriorSampling,
    "imported": Imported,
    "gaussian": GaussianProcess,
    "posterior": PosteriorSampling,
    "training": TrainingRuns,
}


def source_to_json(source: Source) -> dict[str, Any]:
    """Return a JSON-ready dict of a source."""
    if isinstance(source, GaussianProcess):
        return {"kind": source.kind, "law": source.description}
    record = {"kind": source.kind, **asdict(source)}
    if isinstance(source, TrainingRuns):
        record["configuration"] = source.settings
    if isinstance(source, PosteriorSampling) and source.angles is None:
        del record["angles"]
    if isinstance(source, PosteriorSampling | TrainingRuns):
        record["training_set"] = source.training_set.to_json()
    return record


def source_from_json(record: dict[str, Any]) -> Source:
    """Build a source from what `source_to_json` returned, or raise ``ValueError``."""
    kind = record.get("kind") if isinstance(record, dict) else None
    checks.choice("source kind", kind, _SOURCES)
    rest = {key: value for key, value in record.items() if key != "kind"}
    return checks.from_record(_SOURCES[str(kind)], rest, "source")


def drawn_right(source: Source, n_drawn: int, n_samples: int) -> bool:
    """Whether a table may hold ``n_samples`` draws if its spans hold ``n_drawn``.

    Examples
    --------
    >>> drawn_right(PriorSampling(), 10, 9)
    False
    """
    if isinstance(source, PosteriorSampling) and source.is_filtered:
        return n_samples <= n_drawn
    return n_samples == n_drawn
