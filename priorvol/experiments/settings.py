"""`Setting`: one way of training in an experiment, and lists of them."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from priorvol.training.configuration import TrainingConfiguration, configuration
from priorvol.training.stopping import StoppingPoint, stopping_points

_SHOWN = {"learning_rate": "lr", "batch_size": "batch", "optimizer": "", "loss": "", "schedule": ""}


@dataclass(frozen=True)
class Setting:
    """How networks are trained, and where in a run the function is read off.

    Parameters
    ----------
    configuration : TrainingConfiguration
    stop : tuple of StoppingPoint
        Or their texts.

    Raises
    ------
    ValueError
        If a stopping point is unknown, or named twice.

    Examples
    --------
    >>> setting = Setting(TrainingConfiguration(batch_size=8), "zero_error")
    >>> [str(point) for point in setting.stop]
    ['zero_error']
    """

    configuration: TrainingConfiguration
    stop: tuple[StoppingPoint, ...] = (StoppingPoint(),)

    def __post_init__(self) -> None:
        """Check both."""
        if not isinstance(self.configuration, TrainingConfiguration):
            kind = type(self.configuration).__name__
            raise ValueError(f"configuration must be a TrainingConfiguration, got {kind}")
        object.__setattr__(self, "stop", stopping_points(self.stop))

    @classmethod
    def of(cls, value: Any) -> Setting:
        """Return a setting as it is, or that of a mapping of training settings and ``stop``.

        Raises
        ------
        ValueError
            If it is neither, or a setting is unknown or out of range.

        Examples
        --------
        >>> print(Setting.of({"optimizer": "adam", "stop": ("zero_error", "zero_error+64")}))
        adam, learning rate 0.01, full batch, cross_entropy to zero_error, zero_error+64
        """
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise ValueError(
                "a setting must be a mapping such as {'optimizer': 'sgd', 'batch_size': 8, "
                f"'stop': 'zero_error'}}, got {value!r:.80}"
            )
        rest = dict(value)
        stop = rest.pop("stop", "zero_error")
        return cls(configuration(rest), stop)

    @property
    def folder(self) -> str:
        """Name of the folder that holds its runs, the same whatever the other settings."""
        text = json.dumps(self.to_json(), sort_keys=True)
        digest = hashlib.sha256(text.encode("ascii")).hexdigest()[:8]
        return f"{self.configuration.optimizer}-{digest}"

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict, from which `of` makes it again."""
        return self.configuration.to_json() | {"stop": [str(point) for point in self.stop]}

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.configuration} to {', '.join(map(str, self.stop))}"


def read_settings(values: Any) -> tuple[Setting, ...]:
    """Return one setting or several, or raise ``ValueError``.

    Examples
    --------
    >>> len(read_settings([{"optimizer": "adam"}, {"optimizer": "sgd"}]))
    2
    """
    if isinstance(values, Setting | Mapping):
        values = (values,)
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ValueError(f"settings must be a list of mappings, got {values!r:.80}")
    found = tuple(map(Setting.of, values))
    if not found:
        raise ValueError("settings must hold at least one setting, got none")
    for i, setting in enumerate(found):
        if any(setting.configuration == other.configuration for other in found[:i]):
            raise ValueError(
                f"settings name {setting.configuration} twice: give its stopping points in one"
            )
    return found


def setting_grid(*, stop: Any = "zero_error", **options: Any) -> tuple[Setting, ...]:
    """Return the settings that have every combination of some options.

    Parameters
    ----------
    stop : str, StoppingPoint or a sequence of them
        The same for all.
    **options
        Fields of `priorvol.training.TrainingConfiguration`, each a value or a list of values; None
        is the default.

    Raises
    ------
    ValueError
        If an option is unknown or a combination is out of range.

    Examples
    --------
    >>> for setting in setting_grid(batch_size=(1, 8), loss=("mse", "cross_entropy")):
    ...     print(setting)
    sgd, learning rate 0.1, batches of 1, mse to zero_error
    sgd, learning rate 0.1, batches of 1, cross_entropy to zero_error
    sgd, learning rate 0.1, batches of 8, mse to zero_error
    sgd, learning rate 0.1, batches of 8, cross_entropy to zero_error
    """
    lists = [
        value if isinstance(value, list | tuple) and value else (value,)
        for value in options.values()
    ]
    points = stopping_points(stop)
    chosen = (dict(zip(options, values, strict=True)) for values in itertools.product(*lists))
    return tuple(Setting(configuration(each), points) for each in chosen)


def setting_names(settings: tuple[Setting, ...]) -> list[str]:
    """Return a short name for each setting: its optimiser, and in what the settings differ.

    Examples
    --------
    >>> setting_names(setting_grid(optimizer=("sgd", "adam"), batch_size=(1, None)))
    ['sgd, batch 1', 'sgd, batch all', 'adam, batch 1', 'adam, batch all']
    """
    configurations = [setting.configuration for setting in settings]
    names = [each.optimizer for each in configurations]
    for field in fields(TrainingConfiguration)[1:]:
        values = [getattr(each, field.name) for each in configurations]
        if not _follows(values, names):
            shown = _SHOWN.get(field.name, field.name.replace("_", " "))
            names = [
                f"{name}, {shown} {_text(value)}" if shown else f"{name}, {_text(value)}"
                for name, value in zip(names, values, strict=True)
            ]
    return names


def _follows(values: list[Any], names: list[str]) -> bool:
    """Whether each name has one value only."""
    return len(set(zip(names, values, strict=True))) == len(set(names))


def _text(value: Any) -> str:
    if value is None:  # of a batch, the whole training set
        return "all"
    return f"{value:g}" if isinstance(value, float) else str(value)
