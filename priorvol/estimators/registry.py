"""The methods that estimate P(f) and P(S): what each one estimates, and with what error."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from priorvol import checks

GAUSSIAN = "Gaussian outputs: infinite hidden widths, or a perceptron with Gaussian parameters"
SAMPLED = "any task that can be sampled"
PROBIT = " under a unit-noise probit link"


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a probability is estimated.

    Attributes
    ----------
    name : str
    description : str
        One line.
    suffix : str
        What follows "P(f)" or "P(S)" in the name of the quantity that is estimated; empty where
        it is that probability itself.
    error : str
        What the error is, or "none given".
    tasks : str
        Which tasks it takes.
    options : tuple of str
        Arguments of `priorvol.estimate` that it takes beside seed, level, n_jobs and progress.
    """

    name: str
    description: str
    suffix: str = ""
    error: str
    tasks: str = GAUSSIAN
    options: tuple[str, ...] = ()

    @property
    def has_error(self) -> bool:
        """Whether its estimates come with an error."""
        return self.error != "none given"

    def quantity(self, of: str) -> str:
        """Return the name of what is estimated, ``of`` being "f" or "S".

        Examples
        --------
        >>> method("laplace").quantity("S")
        'P(S) under a unit-noise probit link'
        """
        return f"P({of}){self.suffix}"

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        record = asdict(self) | {"quantity": self.quantity("f"), "options": list(self.options)}
        del record["suffix"]
        return record


_METHODS = (
    Method(
        name="orthant",
        description="importance sampling of the Gaussian orthant: exact but for a stated error",
        error="standard error over randomly shifted lattices",
        options=("relative_error", "n_samples"),
    ),
    Method(
        name="ep",
        description="expectation propagation with the 0-1 likelihood: an approximation",
        error="none given",
    ),
    Method(
        name="ep-probit",
        description="expectation propagation with a probit link: an approximation to another "
        "quantity, the orthant of the outputs with independent noise of variance 1 added",
        suffix=PROBIT,
        error="none given",
    ),
    Method(
        name="laplace",
        description="Laplace's method with a probit link: a cruder approximation to the quantity "
        "of ep-probit",
        suffix=PROBIT,
        error="none given",
    ),
    Method(
        name="genz",
        description="SciPy's separation of variables, for at most 16 inputs that differ",
        error="standard error over 10 independent runs",
        options=("relative_error", "n_samples"),
    ),
    Method(
        name="monte_carlo",
        description="counting draws of the prior",
        error="Clopper-Pearson interval of the count",
        tasks=SAMPLED,
        options=("n_samples", "output_draws"),
    ),
)


def methods() -> tuple[Method, ...]:
    """Return all methods, the default first.

    Examples
    --------
    >>> [method.name for method in methods()]
    ['orthant', 'ep', 'ep-probit', 'laplace', 'genz', 'monte_carlo']
    """
    return _METHODS


def method(name: str) -> Method:
    """Return one method, or raise ``ValueError`` with the names of all.

    Examples
    --------
    >>> method("ep").error
    'none given'
    """
    known = {each.name: each for each in _METHODS}
    return known[checks.choice("method", name, known)]
