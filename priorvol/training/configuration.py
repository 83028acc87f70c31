"""`TrainingConfiguration`: how networks are trained."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from priorvol import checks
from priorvol._kernels.training import SCHEDULES
from priorvol._kernels.training_networks import LOSSES
from priorvol._kernels.training_steps import CODES
from priorvol.architecture import Prior
from priorvol.infinite.covariance import PARAMETRIZATIONS

OPTIMIZERS = tuple(CODES)

# learning rate, beta1, beta2, epsilon; None where it has no meaning
_DEFAULTS: dict[str, tuple[float, float | None, float | None, float | None]] = {
    "sgd": (0.1, None, None, None),
    "adam": (0.01, 0.9, 0.999, 1e-8),
    "adagrad": (0.01, None, None, 1e-10),
    "rmsprop": (0.01, None, 0.99, 1e-8),
    "adadelta": (1.0, None, 0.9, 1e-6),
    "langevin": (0.01, None, None, None),
}
_OWN = {"momentum": "sgd", "nesterov": "sgd", "temperature": "langevin", "beta1": "adam"}


@dataclass(frozen=True, kw_only=True)
class TrainingConfiguration:
    """An optimiser and its settings; every field is settled, so that equal settings are equal.

    Parameters
    ----------
    optimizer : str
        ``"sgd"`` (gradient descent where a batch is the whole training set), ``"adam"``
        (1412.6980), ``"adagrad"``, ``"rmsprop"``, ``"adadelta"`` (1212.5701) or ``"langevin"``
        (gradient descent with normal noise of variance 2 T times the learning rate).
    learning_rate : float, optional
        Default: 0.1 (sgd), 0.01 (adam, adagrad, rmsprop, langevin), 1 (adadelta).
    batch_size : int, optional
        Default: the whole training set. Each epoch takes the training inputs in a random order of
        its own, without replacement; its last batch may be smaller.
    loss : "cross_entropy" or "mse"
        Mean over the batch of ln(1 + exp(-y h)) with y = -1 or +1, or of (h - y)^2 / 2 with
        y = -targets or +targets, the loss of `priorvol.infinite.dynamics.train_prediction`.
    targets : float
        The outputs that labels ask for, with ``"mse"``.
    momentum, nesterov : float, bool
        Of sgd.
    beta1, beta2, epsilon : float, optional
        Adam's decay rates (0.9, 0.999) and epsilon (1e-8). ``beta2`` is also the decay rate of
        the squared gradients of rmsprop (0.99) and adadelta (0.9); epsilon is 1e-10 for adagrad,
        1e-8 for rmsprop and 1e-6 for adadelta.
    weight_decay : float
        Added to the gradient times the parameter (an L2 penalty), biases included.
    temperature : float
        T of langevin: its stationary law is proportional to exp(-(loss + weight_decay |u|^2 / 2)
        / T), up to the size of the steps.
    schedule : str
        The learning rate in epoch e = 0, 1, ... is rate times 1 (``"constant"``),
        1 / (1 + e / E) (``"inverse"``), 1 / sqrt(1 + e / E) (``"inverse_sqrt"``), or it is halved
        every E epochs (``"halving"``).
    schedule_epochs : float, optional
        E, needed by every schedule but the constant one.
    max_epochs : int
        After so many epochs a run is given up.
    parametrization : "standard" or "ntk"
        What is trained: the parameters themselves, at the learning rate as it is (the rate of
        `priorvol.infinite.dynamics.train_prediction` over the width); or the parameters over their
        standard deviations under the law that they start from. A layer has a bias to train where
        sigma_b > 0 at the start or, in the standard parametrisation, in the task's prior.
    initialization : Prior, optional
        The law of the parameters at the start. Default: the task's prior. ``Prior(sigma_b=0.0)``
        starts from biases of 0.

    Raises
    ------
    ValueError
        If a value is out of range, or belongs to another optimiser, loss or schedule.

    Examples
    --------
    >>> print(TrainingConfiguration(optimizer="sgd", batch_size=8, momentum=0.9))
    sgd, learning rate 0.1, batches of 8, cross_entropy, momentum 0.9
    """

    optimizer: str = "sgd"
    learning_rate: float | None = None
    batch_size: int | None = None
    loss: str = "cross_entropy"
    targets: float = 1.0
    momentum: float = 0.0
    nesterov: bool = False
    beta1: float | None = None
    beta2: float | None = None
    epsilon: float | None = None
    weight_decay: float = 0.0
    temperature: float = 0.0
    schedule: str = "constant"
    schedule_epochs: float | None = None
    max_epochs: int = 10_000
    parametrization: str = "standard"
    initialization: Prior | None = None

    def __post_init__(self) -> None:
        """Check every field and fill in the defaults of the optimiser."""
        checks.choice("optimizer", self.optimizer, OPTIMIZERS)
        checks.choice("loss", self.loss, LOSSES)
        checks.choice("schedule", self.schedule, SCHEDULES)
        checks.choice("parametrization", self.parametrization, PARAMETRIZATIONS)
        settled: dict[str, Any] = self._settled_rates()
        if self.batch_size is not None:
            settled["batch_size"] = checks.integer("batch_size", self.batch_size, low=1)
        settled["targets"] = checks.real("targets", self.targets, low=0.0, open_low=True)
        settled["momentum"] = checks.real("momentum", self.momentum, low=0, high=1, open_high=True)
        for name in ("weight_decay", "temperature"):
            settled[name] = checks.real(name, getattr(self, name), low=0.0, high=1e30)
        settled["max_epochs"] = checks.integer("max_epochs", self.max_epochs, low=0, high=1 << 40)
        if not isinstance(self.nesterov, bool):
            raise ValueError(f"nesterov must be True or False, got {self.nesterov!r}")
        if self.initialization is not None and not isinstance(self.initialization, Prior):
            raise ValueError(f"initialization must be a Prior, got {self.initialization!r:.80}")
        self._check_company(settled)
        if self.schedule_epochs is not None:
            settled["schedule_epochs"] = checks.real(
                "schedule_epochs", self.schedule_epochs, low=0.0, open_low=True
            )
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    def _settled_rates(self) -> dict[str, Any]:
        """Return the learning rate and the optimiser's constants, with its defaults."""
        names = ("learning_rate", "beta1", "beta2", "epsilon")
        settled: dict[str, Any] = {}
        for name, default in zip(names, _DEFAULTS[self.optimizer], strict=True):
            value = getattr(self, name)
            if value is None:
                settled[name] = default
            elif default is None:
                raise ValueError(f"{name} has no meaning for optimizer={self.optimizer!r}")
            elif name.startswith("beta"):
                settled[name] = checks.real(name, value, low=0.0, high=1.0, open_high=True)
            else:  # kept inside the range of float32
                settled[name] = checks.real(name, value, low=1e-30, high=1e30)
        return settled

    def _check_company(self, settled: dict[str, Any]) -> None:
        """Refuse what belongs to another optimiser, loss or schedule."""
        for name, owner in _OWN.items():
            if settled.get(name, getattr(self, name)) and self.optimizer != owner:
                raise ValueError(
                    f"{name} belongs to optimizer={owner!r}, got optimizer={self.optimizer!r}"
                )
        if self.nesterov and not settled["momentum"]:
            raise ValueError("nesterov needs a momentum above 0")
        if settled["targets"] != 1.0 and self.loss != "mse":
            raise ValueError(f"targets belongs to loss='mse', got loss={self.loss!r}")
        if (self.schedule == "constant") != (self.schedule_epochs is None):
            raise ValueError(
                "schedule_epochs goes with a schedule that is not constant, got "
                f"schedule={self.schedule!r} and schedule_epochs={self.schedule_epochs!r}"
            )

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict of the fields that have a meaning for this optimiser."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.initialization is not None:
            record["initialization"] = self.initialization.to_json()
        return {name: value for name, value in record.items() if value is not None}

    @classmethod
    def from_json(cls, record: Any) -> TrainingConfiguration:
        """Build from what `to_json` returned, or raise ``ValueError``."""
        if isinstance(record, dict) and record.get("initialization") is not None:
            prior = Prior.from_json(record["initialization"])
            record = record | {"initialization": prior}
        return checks.from_record(cls, record, "training configuration")

    def __str__(self) -> str:
        """Return one line for people: what differs from the defaults."""
        size = f"batches of {self.batch_size}" if self.batch_size else "full batch"
        parts = [self.optimizer, f"learning rate {self.learning_rate:g}", size, self.loss]
        plain = TrainingConfiguration(optimizer=self.optimizer)
        for field in fields(self)[4:]:
            value = getattr(self, field.name)
            if value != getattr(plain, field.name) and field.name != "nesterov":
                shown = f"{value:g}" if isinstance(value, float) else str(value)
                parts.append(f"{field.name.replace('_', ' ')} {shown}")
        if self.nesterov:
            parts.append("Nesterov")
        return ", ".join(parts)


def configuration(settings: dict[str, Any]) -> TrainingConfiguration:
    """Return the configuration of keyword arguments, or raise ``ValueError``.

    Examples
    --------
    >>> configuration({"optimizer": "adam"}).learning_rate
    0.01
    """
    for name in settings:
        checks.choice(
            "a setting of training", name, [f.name for f in fields(TrainingConfiguration)]
        )
    return TrainingConfiguration(**settings)
