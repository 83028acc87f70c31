"""P_B(f given S) by every kind of sampling that a task allows, and why others are left out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from priorvol import checks
from priorvol.comparison.options import FEWEST_DRAWS
from priorvol.experiments.seeds import part_seed
from priorvol.posterior_sampling import (
    SHORTEST,
    chain_steps,
    is_drawn_by_rejection,
    posterior,
)
from priorvol.result import Estimate
from priorvol.table import FunctionTable, add_all
from priorvol.task import Task
from priorvol.training_set import TrainingSet

REJECTION = "rejection"
"""Networks of the task's own width that fit, drawn from the prior."""

WIDE = "infinite width"
"""Functions of infinitely wide networks that fit."""

PERCEPTRON = "posterior"
"""Functions of perceptrons with Gaussian parameters that fit, drawn directly."""

FEWEST_ACCEPTED = 1000
"""Functions that rejection must be expected to accept, if as many are wanted."""

FEWEST_CHAINS = 32
"""Markov chains that are drawn at least; `MOST_CHAINS` where they are quick to start."""

MOST_CHAINS = 128

_STARTS = 1 << 20  # proposals for the starts of chains, above which chains are few

_FOLDERS = {REJECTION: "rejection", WIDE: "wide"}

ANGLES = 8
"""Angles in a plane by default."""

OUTPUT_DRAWS = 50
"""Output draws of a hidden draw, where there are no planes."""

_EASY = 1e-3
_PILOT = 1 << 16
_PILOT_GROUPS = 256  # hidden draws in the pilot, at least
_PILOT_GROWTH = 8
_TRUSTED = 30  # accepted in the pilot, for its share to be taken
_UNLIKE = 20.0  # how much likelier S may be at finite width than at infinite width


@dataclass(frozen=True, eq=False)
class Samples:
    """Tables of P_B(f|S), by method, and why others are left out.

    Attributes
    ----------
    tables : dict of str to FunctionTable
    evidence : Estimate or None
        P(S) by rejection.
    omitted : dict of str to str
        Methods with the reason why they were not used.
    halves : dict of str to two FunctionTables
        Of tables of draws in groups: what they were added up from. The halves share no group, so
        that a sampler can be held against itself.
    """

    tables: dict[str, FunctionTable]
    evidence: Estimate | None
    omitted: dict[str, str]
    halves: dict[str, tuple[FunctionTable, FunctionTable]] = field(default_factory=dict)

    def drawn(self, name: str) -> FunctionTable | tuple[FunctionTable, FunctionTable]:
        """Return a table as `priorvol.compare` takes it: in halves where there are some."""
        return self.halves.get(name, self.tables[name])

    @property
    def reference(self) -> str | None:
        """Which one training is held against: finite width where there is one."""
        tables = self.tables.items()
        return next((name for name, table in tables if table.n_groups >= FEWEST_DRAWS), None)


@dataclass(frozen=True)
class Proposals:
    """How networks are drawn from the prior at finite width.

    Parameters
    ----------
    most : int
        Functions drawn at most.
    output_draws, angles : int or None
        As in `priorvol.posterior`; both None where the choice is left to `settled`.
    """

    most: int
    output_draws: int | None
    angles: int | None

    @classmethod
    def asked(cls, task: Task, most: Any, output_draws: Any, angles: Any) -> Proposals:
        """Return what is asked for, or raise ``ValueError`` if a task cannot be drawn from so.

        Examples
        --------
        >>> from priorvol import Architecture
        >>> Proposals.asked(Task(Architecture(3, (8,))), 1e6, None, 8)
        Proposals(most=1007616, output_draws=8192, angles=8)
        """
        number = checks.integer("n_proposals", most, low=1)
        if output_draws is None and angles is None:
            return cls(number, None, None)
        return cls._whole(task, number, output_draws, angles)

    @classmethod
    def _whole(cls, task: Task, number: int, output_draws: Any, angles: Any) -> Proposals:
        from priorvol.rejection import wanted_span

        one = output_draws if angles is None and output_draws is not None else 1
        draws = wanted_span(task, one, 0, output_draws, angles).output_draws
        return cls(math.ceil(number / draws) * draws, draws, angles)

    def settled(self, task: Task, easy: Callable[[], bool]) -> Proposals:
        """Return them with a way of drawing: independent networks where it is easy to fit S.

        Else `ANGLES` angles in planes where the output layer is Gaussian, or `OUTPUT_DRAWS` output
        draws.
        """
        if self.output_draws is not None:
            return self
        if not task.architecture.hidden or easy():
            return replace(self, output_draws=1)
        if task.prior.distribution[-1] == "gaussian":
            return self._whole(task, self.most, None, ANGLES)
        return self._whole(task, self.most, OUTPUT_DRAWS, None)

    @property
    def how(self) -> dict[str, Any]:
        """Arguments of `priorvol.posterior`."""
        return {"output_draws": self.output_draws, "angles": self.angles}


def sample_posterior(
    task: Task,
    training_set: TrainingSet,
    *,
    n_posterior: int,
    proposals: Proposals,
    seed: int,
    n_jobs: int,
    folder: Path | None,
    progress: bool | None,
    say: Callable[[str], None],
) -> Samples:
    """Draw from P_B(f|S) at finite and at infinite width, as far as that can be done.

    Parameters
    ----------
    task : Task
    training_set : TrainingSet
    n_posterior : int
        Functions wanted by each method.
    proposals : Proposals
        At finite width.
    seed, n_jobs, progress
        As elsewhere.
    folder : Path or None
        Where run folders are kept, to go on with.
    say : callable
        Is told what is done.

    Examples
    --------
    >>> from priorvol import Architecture
    >>> task, S = Task(Architecture(2, (4,))), TrainingSet([0, 3], [0, 1])
    >>> found = sample_posterior(task, S, n_posterior=100, proposals=Proposals(10_000, 1, None),
    ...     seed=0, n_jobs=1, folder=None, progress=False, say=lambda text: None)
    >>> list(found.tables), found.reference, found.omitted
    (['rejection', 'infinite width'], 'rejection', {})
    """
    found = Samples({}, None, {})
    omitted = found.omitted
    how: dict[str, Any] = {"n_jobs": n_jobs, "progress": progress}
    if is_drawn_by_rejection(task):
        from priorvol.rejection import acceptance

        say("P_B at finite width: trying rejection")
        seeded = how | {"seed": part_seed(seed, REJECTION)}
        proposals = proposals.settled(task, lambda: _is_easy(task, training_set, seeded))
        how_finite = seeded | proposals.how
        n, reason = _number(task, training_set, n_posterior, proposals.most, how_finite)
        if reason:
            omitted[REJECTION] = reason
        else:
            say(f"P_B at finite width: {n:,} functions of the prior")

            def draw(number: int, seed: int, store: Path | None) -> FunctionTable:
                arguments = how_finite | {"seed": seed, "store": store}
                return posterior(task, training_set, n_proposals=number, **arguments)

            many = n_posterior >= FEWEST_ACCEPTED  # else a half might be left without any
            sizes = n, how_finite["output_draws"] if many else 1
            found = _add(found, REJECTION, REJECTION, sizes, draw, seed, folder)
            found = replace(found, evidence=acceptance(found.tables[REJECTION]))
    wide, name = task.wide(), WIDE if task.architecture.hidden else PERCEPTRON
    try:
        chain = chain_steps(wide, training_set)
    except ValueError as error:
        omitted[name] = str(error)
    else:
        number, length = n_posterior, None
        if chain > 1:
            number, length = chains(n_posterior, chain)
        say(f"P_B at infinite width: {number:,} functions")

        def draw_wide(number: int, seed: int, store: Path | None) -> FunctionTable:
            arguments = how | {"chain_length": length, "seed": seed, "store": store}
            return posterior(wide, training_set, n_samples=number, **arguments)

        found = _add(found, name, WIDE, (number, length or 1), draw_wide, seed, folder)
    return found


_Draw = Callable[[int, int, Path | None], FunctionTable]


def _add(
    found: Samples,
    name: str,
    part: str,
    sizes: tuple[int, int],
    draw: _Draw,
    seed: int,
    folder: Path | None,
) -> Samples:
    """Draw so many functions in groups of so many, in two halves if there are groups enough.

    The halves have random numbers and folders of their own.
    """
    number, group = sizes
    half = number // (2 * group) * group
    where = None if folder is None else folder / _FOLDERS[part]
    if group == 1 or half < FEWEST_DRAWS * group:
        table = draw(number, part_seed(seed, part), where)
        return replace(found, tables=found.tables | {name: table})
    again = None if folder is None else folder / f"{_FOLDERS[part]}-2"
    halves = (
        draw(number - half, part_seed(seed, part), where),
        draw(half, part_seed(seed, f"{part}, second half"), again),
    )
    return replace(
        found,
        tables=found.tables | {name: add_all(halves)},
        halves=found.halves | {name: halves},
    )


def chains(wanted: int, steps: int) -> tuple[int, int]:
    """Return how many functions to draw in Markov chains, and the length of a chain.

    A chain is a group of draws, so that many short ones say more than few long ones; but each takes
    about as many proposals to start as `posterior` would make it long.

    Parameters
    ----------
    wanted : int
        Functions, at least.
    steps : int
        Length by `priorvol.posterior_sampling.chain_steps`.

    Examples
    --------
    >>> chains(100_000, 1 << 11), chains(100_000, 1 << 16)
    ((100096, 782), (2097152, 65536))
    """
    number = min(max(_STARTS // steps, FEWEST_CHAINS), MOST_CHAINS)
    length = steps if number == FEWEST_CHAINS else min(steps, max(-(-wanted // number), SHORTEST))
    return max(number, -(-wanted // length)) * length, length


def _number(
    task: Task, training_set: TrainingSet, wanted: int, most: int, how: dict[str, Any]
) -> tuple[int, str]:
    """Return how many functions to draw from the prior, or 0 and why none are.

    The first draws say how many fit; they are drawn again with the others.
    """
    draws = how["output_draws"]
    fewest = min(FEWEST_ACCEPTED, wanted)
    tried, wide = min(max(_PILOT - _PILOT % draws, _PILOT_GROUPS * draws), most), None
    while (accepted := _accepted(task, training_set, tried, how)) < _TRUSTED:
        if tried == most:
            return 0, f"only {accepted:,} of {most:,} functions of the prior fit"
        wide = _log_evidence(task, training_set) if wide is None else wide
        if wide + math.log(_UNLIKE * most) < math.log(fewest):
            size = f"about 10^{wide / math.log(10):.1f}" if math.isfinite(wide) else "0"
            return 0, (
                f"P(S) is {size} at infinite width by expectation propagation, and {accepted:,} "
                f"of the first {tried:,} functions of the prior fit: of {most:,} too few would"
            )
        tried = min(_PILOT_GROWTH * tried, most)
    share = accepted / tried
    if share * most < fewest:
        return 0, (
            f"{accepted:,} of the first {tried:,} functions of the prior fit: of {most:,} fewer "
            f"than {fewest:,} would"
        )
    number = min(wanted / share, float(most))
    return min(math.ceil(number / draws) * draws, most), ""


def _is_easy(task: Task, training_set: TrainingSet, how: dict[str, Any]) -> bool:
    """Whether so many networks fit that output draws of one would be too much alike."""
    plain = how | {"output_draws": 1}
    return _accepted(task, training_set, _PILOT, plain) > _EASY * _PILOT


def _accepted(task: Task, training_set: TrainingSet, tried: int, how: dict[str, Any]) -> int:
    """Return how many of the first functions of the prior fit."""
    try:
        table = posterior(task, training_set, n_proposals=tried, **how | {"progress": False})
    except ValueError:  # none fits, or so few that nothing is drawn: other arguments are checked
        return 0
    return table.n_samples


def _log_evidence(task: Task, training_set: TrainingSet) -> float:
    """Return log P(S) by expectation propagation; 0 where there is no limit to go by."""
    from priorvol.estimators import estimate

    try:
        return estimate(task.wide(), training_set, method="ep").log_p
    except ValueError:
        return 0.0
