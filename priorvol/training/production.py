"""Training ensembles: many runs in parallel, merged, saved and gone on with."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from priorvol import bits, checks
from priorvol.counting import Counter
from priorvol.producer import Producer, each
from priorvol.progress import progress_bar
from priorvol.provenance import Provenance, Span
from priorvol.rng import check_seed
from priorvol.sources import TrainingRuns
from priorvol.table import FunctionTable, add_all
from priorvol.task import Task
from priorvol.training.configuration import TrainingConfiguration
from priorvol.training.ensemble import TrainingEnsemble
from priorvol.training.runs import AT_ONCE, Trainer, trainer
from priorvol.training.stopping import StoppingPoint
from priorvol.training.tally import PointTally, Tally
from priorvol.training_set import TrainingSet

if TYPE_CHECKING:
    from priorvol.store import RunWriter

MAX_RUNS = 1 << 47

_SPAN_SECONDS = 1.0
_SPAN_RUNS = 1 << 16  # at most


def train_ensemble(
    task: Task,
    training_set: TrainingSet,
    *,
    n_runs: int,
    stop: Any = "zero_error",
    seed: int = 0,
    n_jobs: int = -1,
    store: str | Path | None = None,
    progress: bool | None = None,
    **settings: Any,
) -> TrainingEnsemble:
    """Train networks on a training set, each from its own draw of the prior; count the functions.

    Run g starts from the prior's sample g (``draw_parameters(task, seed=seed, ...)``) and takes
    its batches and noise from streams of its own, so it depends on the seed and g alone;
    `priorvol.training.replay_run` repeats it. All arithmetic is in float32, exactly rounded and in
    a fixed order: the same arguments give the same tables, bit for bit, for any number of workers,
    across interruptions, and on every processor (perceptrons: but for the last bit of an initial
    weight, see `priorvol.collect`).

    Parameters
    ----------
    task : Task
        Of finite width; the functions are read off on all its inputs.
    training_set : TrainingSet
    n_runs : int
        Number of networks; ``1e5`` is accepted.
    stop : str, StoppingPoint or a sequence of them
        Where in each run the function is read off: ``"zero_error"`` (after the first epoch that
        leaves no error on the training set; epoch 0 is the start), ``"zero_error+64"`` (64 epochs
        later), ``"loss<0.01"``, ``"epochs=100"``. A run goes on until all are reached.
    seed : int
        In [0, 2^64).
    n_jobs : int
        Workers, as in joblib.
    store : path, optional
        Folder with a run folder for each stopping point. One that exists is continued.
    progress : bool, optional
        Progress bar on standard error; by default where that is a terminal.
    **settings
        Fields of `priorvol.training.TrainingConfiguration`: ``optimizer``, ``learning_rate``,
        ``batch_size``, ``loss``, ``momentum``, ``weight_decay``, ``schedule``, ``max_epochs``,
        ``parametrization``, ``initialization`` and others.

    Returns
    -------
    TrainingEnsemble
        With a table a stopping point. No run is dropped: one that does not reach a stopping point
        within ``max_epochs``, or whose outputs stop being finite, is counted with the function on
        which it ended (the last that was finite), and the tally says how many there were.

    Raises
    ------
    ValueError
        If an argument is unknown or out of range, the widths are infinite, the activation jumps,
        or the folder is of another ensemble or holds more runs than asked for.

    Examples
    --------
    >>> from priorvol import Architecture, Task, TrainingSet
    >>> task = Task(Architecture(3, (8,)))
    >>> S = TrainingSet([0, 3, 5, 6], [0, 1, 1, 0])
    >>> ensemble = train_ensemble(task, S, n_runs=100, optimizer="adam", n_jobs=1)
    >>> ensemble.n_runs, ensemble.not_reached(), bool(S.fits(ensemble.table).all())
    (100, 0, True)
    """
    found = trainer(task, training_set, stop, settings)
    number = checks.integer("n_runs", n_runs, low=1, high=MAX_RUNS)
    wanted = Span(check_seed(seed), 1, 0, number)
    work = Work(found, checks.jobs(n_jobs))
    with ExitStack() as stack:
        keeper: _Memory | _Folder = _Memory(found)
        if store is not None:
            keeper = stack.enter_context(
                closing(_Folder(found, checks.path("store", store), wanted))
            )
        spans = work.spans(wanted, keeper.held())
        left = sum(span.size for span in spans)
        bar = stack.enter_context(
            progress_bar(number, "runs", initial=number - left, progress=progress)
        )
        for outcome in stack.enter_context(closing(each(work.train, spans, work.n_jobs))):
            keeper.add(outcome)
            bar.update(outcome.span.size)
        tables, tally = keeper.finish()
    return TrainingEnsemble(
        task=task,
        training_set=training_set,
        configuration=found.configuration,
        seed=wanted.seed,
        tables=tables,
        tally=tally,
    )


def load_ensemble(path: str | Path) -> TrainingEnsemble:
    """Return the training ensemble that a folder holds; an unfinished one as far as it goes.

    Raises
    ------
    ValueError
        If it is no such folder, is damaged, or holds no runs yet.

    Examples
    --------
    >>> load_ensemble("no/such/folder")
    Traceback (most recent call last):
    ...
    ValueError: no/such/folder holds no training ensemble
    """
    from priorvol.store import load_run
    from priorvol.store.ensembles import read_ensemble_record

    path = checks.path("path", path)
    record = read_ensemble_record(path)
    if record is None:
        raise ValueError(f"{path} holds no training ensemble")
    try:
        task = Task.from_json(record["task"])
        training_set = TrainingSet.from_json(record["training_set"])
        how = TrainingConfiguration.from_json(record["configuration"])
        points = [StoppingPoint.parse(point) for point in record["stop"]]
        seed, tally = check_seed(record["seed"]), Tally.from_json(record["tally"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"the record of {path} lacks or spoils the field {error}") from None
    tables = {str(point): load_run(path / point.folder) for point in points}
    for name, table in tables.items():
        if table.provenance != tally.provenance:
            raise ValueError(
                f"{path} was interrupted while it was written to: {name} holds other runs than "
                "the record; the command that made it goes on with it"
            )
    return TrainingEnsemble(
        task=task,
        training_set=training_set,
        configuration=how,
        seed=seed,
        tables=tables,
        tally=tally,
    )


@dataclass(frozen=True, eq=False)
class _Outcome:
    """One span trained: a table a stopping point, and the tally."""

    span: Span
    tables: dict[str, FunctionTable]
    tally: Tally


def sources(trainer: Trainer) -> dict[str, TrainingRuns]:
    """Return where the tables of the stopping points come from, by name."""
    how, identity = trainer.configuration.to_json(), trainer.task.content_hash
    return {
        str(point): TrainingRuns(trainer.training_set, how, str(point), identity)
        for point in trainer.points
    }


class Work:
    """Trains spans of runs."""

    def __init__(self, trainer: Trainer, n_jobs: int) -> None:
        self._trainer, self.n_jobs = trainer, n_jobs
        self._sources = sources(trainer)

    def train(self, span: Span) -> _Outcome:
        """Train the runs of a span and count their functions."""
        outcomes, task = self._trainer.train(span), self._trainer.task
        words, tables = bits.n_words(task.m), {}
        for keys, (name, source) in zip(outcomes.functions, self._sources.items(), strict=True):

            def count(span: Span, keys: Any = keys) -> Any:
                counter = Counter(task.m, words, 1)
                counter.add(keys, span.size)
                return counter.finish()

            tables[name] = Producer(task, source, count, "runs").table(span)
        names = tuple(tables)
        return _Outcome(
            span, tables, Tally.of_runs(names, outcomes.epochs, outcomes.diverged, span)
        )

    def spans(self, wanted: Span, held: list[Provenance]) -> list[Span]:
        """Cut the runs that are not held everywhere into spans of about a second of work.

        What a span holds, each keeper holds all of or nothing.
        """
        ends = {wanted.start, wanted.stop}
        ends |= {end for each in held for span in each.spans for end in (span.start, span.stop)}
        marks = sorted(end for end in ends if wanted.start <= end <= wanted.stop)
        pieces = [
            replace(wanted, start=start, stop=stop)
            for start, stop in zip(marks, marks[1:], strict=False)
        ]
        pieces = [piece for piece in pieces if any(each.gaps(piece) for each in held)]
        if not pieces:
            return []
        size = self._span_size(sum(piece.size for piece in pieces))
        return [cut for piece in pieces for cut in _cut(piece, size)]

    def _span_size(self, runs: int) -> int:
        """Return a power of two: how many runs take about a second, or less to share the work."""
        from joblib import effective_n_jobs

        start = StoppingPoint("epochs", 0)
        replace(self._trainer, points=(start,)).train(Span(0, 1, 0, 1))  # compiles
        number = 1
        while True:
            begun = time.perf_counter()
            self._trainer.train(Span(0, 1, 0, number))
            elapsed = time.perf_counter() - begun
            if elapsed > 0.02 or number >= AT_ONCE:
                break
            number *= 4
        rate = number / max(elapsed, 1e-9)
        share = -(-runs // (2 * effective_n_jobs(self.n_jobs)))
        size = int(max(1, min(rate * _SPAN_SECONDS, share, _SPAN_RUNS)))
        return 1 << size.bit_length() - 1


def _cut(piece: Span, size: int) -> Iterator[Span]:
    start = piece.start
    while start < piece.stop:
        stop = min(start - start % size + size, piece.stop)
        yield replace(piece, start=start, stop=stop)
        start = stop


class _Memory:
    """Keeps an ensemble's outcomes in memory."""

    def __init__(self, trainer: Trainer) -> None:
        self._tables: dict[str, list[FunctionTable]] = {str(p): [] for p in trainer.points}
        self._tally: Tally | None = None

    def held(self) -> list[Provenance]:
        """Return which runs are held, by each keeper."""
        return [Provenance()]

    def add(self, outcome: _Outcome) -> None:
        """Keep the outcome of a span."""
        for name, table in outcome.tables.items():
            self._tables[name].append(table)
        self._tally = outcome.tally if self._tally is None else self._tally + outcome.tally

    def finish(self) -> tuple[dict[str, FunctionTable], Tally]:
        """Return the tables and the tally of all runs."""
        assert self._tally is not None  # an ensemble has at least one run
        return {name: add_all(tables) for name, tables in self._tables.items()}, self._tally


class _Folder:
    """Keeps an ensemble's outcomes in a folder, one run folder a stopping point.

    A crash may leave a span in some of them and not in others: the span is then trained again,
    and added where it is missing.
    """

    def __init__(self, trainer: Trainer, path: Path, wanted: Span) -> None:
        from priorvol.store import RunWriter
        from priorvol.store.ensembles import read_ensemble_record

        self._path = path
        self._record = {
            "task": trainer.task.to_json(),
            "training_set": trainer.training_set.to_json(),
            "configuration": trainer.configuration.to_json(),
            "stop": [str(point) for point in trainer.points],
            "seed": wanted.seed,
        }
        self._writers: dict[str, RunWriter] = {}
        nothing = Tally({str(point): PointTally() for point in trainer.points})
        self._tally = self._read(read_ensemble_record) or nothing
        with ExitStack() as stack:
            for (name, source), point in zip(sources(trainer).items(), trainer.points, strict=True):
                folder = path / point.folder
                writer = RunWriter(folder, task=trainer.task, source=source, seed=wanted.seed)
                self._writers[name] = stack.enter_context(closing(writer))
            self._tally = self._read(read_ensemble_record) or nothing  # now that it is locked
            for held in self.held():
                outside = [span for span in held.spans if span.stop > wanted.stop]
                if outside:
                    runs = sum(span.size for span in held.spans)
                    raise ValueError(
                        f"{path} holds {runs:,} runs, more than n_runs = {wanted.size:,}: ask for "
                        "as many, or name another folder"
                    )
            stack.pop_all()

    def _read(self, read: Any) -> Tally | None:
        """Return the tally that the folder holds, if any, after comparing what it is of."""
        found = read(self._path)
        if found is None:
            return None
        for field, value in self._record.items():
            if found.get(field) != value:
                raise ValueError(f"{self._path} holds another ensemble: its {field} differs")
        return Tally.from_json(found.get("tally"))

    def held(self) -> list[Provenance]:
        """Return which runs are held, by each keeper."""
        writers = [writer.provenance for writer in self._writers.values()]
        return [self._tally.provenance, *writers]

    def add(self, outcome: _Outcome) -> None:
        """Keep the outcome of a span, where it is not held; on disk when this returns."""
        from priorvol.store.ensembles import write_ensemble_record

        for name, writer in self._writers.items():
            if writer.provenance.gaps(outcome.span):
                writer.add(outcome.tables[name])
        if self._tally.provenance.gaps(outcome.span):
            self._tally += outcome.tally
            write_ensemble_record(self._path, self._record | {"tally": self._tally.to_json()})

    def finish(self) -> tuple[dict[str, FunctionTable], Tally]:
        """Merge the segments; return the tables and the tally of all runs."""
        tables = {name: writer.finish() for name, writer in self._writers.items()}
        return tables, self._tally

    def close(self) -> None:
        """Release the folders."""
        for writer in self._writers.values():
            writer.close()
