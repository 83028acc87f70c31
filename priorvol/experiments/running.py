"""`experiment`: is the optimiser a Bayesian sampler? Training and sampling of one training set."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from priorvol import bits, checks
from priorvol.comparison import functions_to_estimate
from priorvol.comparison.options import FEWEST_DRAWS, Options
from priorvol.experiments.comparing import compared
from priorvol.experiments.result import Experiment
from priorvol.experiments.sampling import Proposals, sample_posterior
from priorvol.experiments.seeds import part_seed
from priorvol.experiments.settings import Setting, read_settings, setting_names
from priorvol.result import Estimate
from priorvol.rng import check_seed
from priorvol.table import FunctionTable
from priorvol.task import Task, check_task
from priorvol.training import TrainingEnsemble, train_ensemble
from priorvol.training.runs import trainer
from priorvol.training_set import TrainingSet, check_training_set

METHODS = ("ep", "orthant", "nngp", "ntk", "laplace")
"""Estimation methods that may be asked for."""

DEFAULT_BATCH = 8
"""Training inputs in a step by default, if there are as many."""

DEFAULT_RATE = 0.01
"""Learning rate of SGD by default: small, and far from where training diverges."""

_ORTHANT_ERROR = 0.02
_WITH_ERROR = ("orthant", "nngp", "ntk")


def experiment(
    task: Task,
    training_set: TrainingSet,
    *,
    target: Any,
    settings: Any = None,
    n_runs: int = 10_000,
    n_posterior: int = 100_000,
    n_proposals: int = 10_000_000_000,
    output_draws: int | None = None,
    angles: int | None = None,
    estimates: Any = METHODS[:4],
    n_estimates: int = 200,
    seed: int = 0,
    level: float = 0.95,
    min_count: int = 10,
    n_permutations: int = 999,
    n_bootstrap: int = 1000,
    n_ceiling: int = 200,
    about: str = "",
    store: str | Path | None = None,
    n_jobs: int = -1,
    progress: bool | None = None,
) -> Experiment:
    """Compare P_SGD(f|S) with P_B(f|S) by every method that the task allows (2006.15191).

    P_SGD comes from training ensembles, one for each setting; P_B from networks of the same width
    accepted from the prior, where enough fit, from the posterior at infinite width, and from
    estimates of the likeliest functions: expectation propagation, exact orthants, and regression
    with the NNGP or the NTK. Every part has random numbers of its own, by name, so that another
    setting or method changes none of the others.

    Parameters
    ----------
    task : Task
        Of finite width. Functions are those on all its inputs.
    training_set : TrainingSet
    target : any form of one function
        What errors are counted against, on the inputs that are not in S.
    settings : mappings, optional
        By default SGD with a batch of `DEFAULT_BATCH` and a learning rate of `DEFAULT_RATE` to zero
        error. Mappings of `priorvol.training.TrainingConfiguration`'s fields, and ``stop``, one
        stopping point or several; `priorvol.experiments.setting_grid` makes all combinations.
    n_runs : int
        Training runs of each setting.
    n_posterior : int
        Functions wanted of each sampler of P_B. Markov chains at infinite width are whole, and at
        least `priorvol.experiments.sampling.FEWEST_CHAINS`.
    n_proposals : int
        The most functions drawn from the prior at finite width; fewer where ``n_posterior`` fit
        sooner. Where fewer than `priorvol.experiments.sampling.FEWEST_ACCEPTED` would fit this is
        left out, and the reason given.
    output_draws, angles : int, optional
        As in `priorvol.posterior` at finite width; by default independent networks where more
        than one in 1,000 fits, else 8 angles in planes, or 50 output draws where the output layer
        is not Gaussian.
    estimates : sequence of str
        Some of `METHODS`, or none.
    n_estimates : int
        About how many functions are estimated: an equal number of the likeliest of each table,
        by half of its draws, and the target.
    seed : int
        In [0, 2^64).
    level, min_count, n_permutations, n_bootstrap, n_ceiling
        As in `priorvol.compare`.
    about : str
        What the data are, for the report.
    store : path, optional
        Folder in which every part is saved, and from which the same call goes on.
    n_jobs : int
        Workers, as in joblib.
    progress : bool, optional
        Progress on standard error; by default where that is a terminal.

    Returns
    -------
    Experiment

    Raises
    ------
    ValueError
        If an argument is unknown or out of range, no input is left to test on, or the folder is of
        another experiment or holds more draws than are asked for.

    Examples
    --------
    >>> from priorvol import Architecture
    >>> S = TrainingSet.of_function("00110011", [0, 2, 3, 5])
    >>> found = experiment(Task(Architecture(3, (8,))), S, target="00110011",
    ...     settings={"batch_size": 2}, n_runs=200, n_posterior=2000, estimates=["ep"],
    ...     n_permutations=19, n_bootstrap=0, n_ceiling=0, n_jobs=1, progress=False)
    >>> found.reference, found.n_test, list(found.tables)
    ('rejection', 4, ['sgd: zero_error'])
    >>> bool(S.fits(found.tables["sgd: zero_error"]).all())
    True
    """
    check_training_set(training_set, check_task(task).m)
    word = bits.as_word(target, task.m)
    if settings is None:
        size = min(DEFAULT_BATCH, len(training_set))
        settings = {"optimizer": "sgd", "batch_size": size, "learning_rate": DEFAULT_RATE}
    chosen = read_settings(settings)
    options = Options(
        min_count=min_count,
        n_permutations=n_permutations,
        n_bootstrap=n_bootstrap,
        n_ceiling=n_ceiling,
        level=level,
        seed=check_seed(seed),
    )
    methods = _methods(estimates)
    number = checks.integer("n_runs", n_runs, low=FEWEST_DRAWS)
    wanted = checks.integer("n_posterior", n_posterior, low=FEWEST_DRAWS)
    n_estimates = checks.integer("n_estimates", n_estimates, low=1)
    how: dict[str, Any] = {"n_jobs": checks.jobs(n_jobs), "progress": progress}
    _check_task(task, training_set, about)
    if not training_set.fits(word[None], m=task.m)[0]:
        raise ValueError("target does not have the labels of the training set")
    for setting in chosen:
        trainer(task, training_set, setting.stop, _fields(setting))  # refuses before any work
    proposals = Proposals.asked(task, n_proposals, output_draws, angles)
    folder = _open(store, task, training_set, word, about, options.seed)
    say = _speaker(progress)

    ensembles = _train(task, training_set, chosen, number, options.seed, folder, how, say)
    tables = {
        f"{name}: {point}": table
        for name, ensemble in ensembles.items()
        for point, table in ensemble.tables.items()
    }
    samples = sample_posterior(
        task,
        training_set,
        n_posterior=wanted,
        proposals=proposals,
        seed=options.seed,
        folder=folder,
        say=say,
        **how,
    )
    functions = _functions({**samples.tables, **tables}, word, n_estimates, options)
    estimated, omitted = _estimate(
        task.wide(), training_set, functions, methods, options, folder, how, say
    )
    say("comparing")
    return compared(
        options,
        samples,
        tables,
        estimated,
        about=about,
        task=task,
        training_set=training_set,
        target=word,
        seed=options.seed,
        ensembles=ensembles,
        functions=functions,
        omitted=omitted,
        level=options.level,
    )


def _train(
    task: Task,
    training_set: TrainingSet,
    settings: tuple[Setting, ...],
    n_runs: int,
    seed: int,
    folder: Path | None,
    how: dict[str, Any],
    say: Callable[[str], None],
) -> dict[str, TrainingEnsemble]:
    """Return the training ensembles by name of the setting."""
    found = {}
    for i, (name, setting) in enumerate(zip(setting_names(settings), settings, strict=True)):
        say(f"training {i + 1} of {len(settings)}: {setting}")
        found[name] = train_ensemble(
            task,
            training_set,
            n_runs=n_runs,
            stop=setting.stop,
            seed=part_seed(seed, f"training, {sorted(setting.configuration.to_json().items())}"),
            store=None if folder is None else folder / "training" / setting.folder,
            **_fields(setting),
            **how,
        )
    return found


def _fields(setting: Setting) -> dict[str, Any]:
    """Return the settings as `priorvol.train_ensemble` takes them."""
    fields = setting.configuration.to_json()
    if setting.configuration.initialization is not None:
        fields["initialization"] = setting.configuration.initialization
    return fields


def _functions(
    tables: dict[str, FunctionTable], target: bits.Words, number: int, options: Options
) -> bits.Words:
    """Return the target and the likeliest functions of each table by its first half, once each."""
    share = max(number // len(tables), 1)
    found = [
        functions_to_estimate(
            table, min_count=options.min_count, max_functions=share, seed=options.seed
        )
        for table in tables.values()
        if table.n_groups >= FEWEST_DRAWS
    ]
    rest = np.unique(np.concatenate([target[None], *found]), axis=0)
    rest = rest[(rest != target).any(axis=1)]
    return np.ascontiguousarray(np.concatenate([target[None], rest]))


def _estimate(
    wide: Task,
    training_set: TrainingSet,
    functions: bits.Words,
    methods: tuple[str, ...],
    options: Options,
    folder: Path | None,
    how: dict[str, Any],
    say: Callable[[str], None],
) -> tuple[dict[str, list[Estimate]], dict[str, str]]:
    """Return P_B(f|S) of the functions by method, and why methods are left out."""
    from priorvol.posterior_of_functions import posterior_estimates

    found: dict[str, list[Estimate]] = {}
    omitted: dict[str, str] = {}
    for method in methods:
        say(f"P_B of {len(functions):,} functions by {method}")
        chosen: dict[str, Any] = {"seed": part_seed(options.seed, method), "level": options.level}
        if method in _WITH_ERROR:
            chosen["relative_error"] = _ORTHANT_ERROR
        key = chosen | {"functions": bits.to_text(functions, wide.m, base=16)}
        file = None if folder is None else folder / "estimates" / f"{method}.json"
        kept = None if file is None else _kept(file, key)
        if kept is None:
            try:
                kept = posterior_estimates(
                    wide, training_set, functions, method=method, **chosen, **how
                )
            except ValueError as error:
                omitted[method] = str(error)
                continue
            if file is not None:
                from priorvol.store.experiments import write_estimates

                write_estimates(file, key, kept)
        found[method] = kept
    return found, omitted


def _kept(file: Path, key: dict[str, Any]) -> list[Estimate] | None:
    from priorvol.store.experiments import read_estimates

    return read_estimates(file, key)


def _methods(given: Any) -> tuple[str, ...]:
    if isinstance(given, str):
        given = (given,)
    try:
        found = tuple(checks.choice("estimates", each, METHODS) for each in given)
    except TypeError:
        raise ValueError(f"estimates must be some of {', '.join(METHODS)}, got {given!r}") from None
    if len(set(found)) < len(found):
        raise ValueError(f"estimates names a method twice: {', '.join(found)}")
    return found


def _check_task(task: Task, training_set: TrainingSet, about: Any) -> None:
    if task.architecture.is_infinite:
        raise ValueError(
            f"an experiment trains networks of finite width, got hidden = "
            f"{task.architecture.hidden}"
        )
    if len(training_set) == task.m:
        raise ValueError(f"all {task.m} inputs are in the training set: none is left to test on")
    if not isinstance(about, str):
        raise ValueError(f"about must be a text, got {about!r:.80}")


def _open(
    store: str | Path | None,
    task: Task,
    training_set: TrainingSet,
    target: bits.Words,
    about: str,
    seed: int,
) -> Path | None:
    if store is None:
        return None
    from priorvol.store.experiments import open_experiment

    identity = {
        "task": task.to_json(),
        "training_set": training_set.to_json(),
        "target": bits.to_text(target[None], task.m, base=16)[0],
        "seed": seed,
        "about": about,
    }
    return open_experiment(store, identity)


def _speaker(progress: bool | None) -> Callable[[str], None]:
    """Return what prints a line on standard error, where there is a progress bar."""
    if progress is None:
        progress = sys.stderr is not None and sys.stderr.isatty()
    if not progress:
        return lambda text: None
    return lambda text: print(text, file=sys.stderr, flush=True)
