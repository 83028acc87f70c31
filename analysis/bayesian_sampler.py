"""Is SGD a Bayesian sampler? The Boolean case of 2006.15191, with intervals.

    python analysis/bayesian_sampler.py OUT [--scale X] [--jobs N]

trains networks 7-40-40-1 (ReLU, sigma_w = sigma_b = 1, {0,1}^7) on 32 of the 128 inputs, draws from
P_B(f|S) by rejection from the prior, holds the two against each other, prints the tables that
README shows, writes OUT/bayesian_sampler.csv, draws OUT/bayesian_sampler.png and .pdf, and says of
each part of the claim whether it holds. Three targets (0011 repeated, which is one input; and_2;
majority_3), eight random training sets, batches of 1 and 8, mean square and cross-entropy, at zero
training error and 64 epochs later: 10^5 runs of the main setting (0011, batches of 8,
cross-entropy), 10^4 of the others; then other widths, optimisers and learning rates. All that is
drawn is kept in OUT/runs; an interrupted command goes on when it is given again.

It takes one to two hours on one core; ``--scale 0.1`` makes a tenth of the runs and draws.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from priorvol import (
    Architecture,
    FunctionTable,
    Task,
    TrainingSet,
    atlas,
    bits,
    compare,
    plotting,
    posterior,
    posterior_estimates,
    rng,
    train_ensemble,
)
from priorvol.comparison import SettingsComparison, compare_settings, functions_to_estimate
from priorvol.text import align
from priorvol.training import TrainingEnsemble

TARGETS = {
    "0011": "0011" * 32,
    "and_2": atlas.function("and_2", 7),
    "majority_3": atlas.function("majority_3", 7),
}
N_SETS, M = 8, 32
STOPS = ("zero_error", "zero_error+64")
WIDTHS = (10, 20, 40, 80)
"""Widths of both hidden layers, for the main setting and the first training sets."""
WIDTH_SETS = 3
PROPOSALS = {"0011": 2e10, "and_2": 3e10, "majority_3": 6e10}
"""Functions of the prior that are drawn for each posterior, in planes of output draws."""


def sgd(batch: int, loss: str, **changes: Any) -> dict[str, Any]:
    """Return a setting of plain SGD."""
    base = {"optimizer": "sgd", "batch_size": batch, "loss": loss, "learning_rate": 0.01}
    return base | changes


MAIN = "sgd-8-cross_entropy"
PUBLISHED = {f"sgd-{b}-{loss}": sgd(b, loss) for b in (8, 1) for loss in ("cross_entropy", "mse")}
OTHERS = {
    "sgd-32-cross_entropy": sgd(32, "cross_entropy"),
    "lr-0.001": sgd(8, "cross_entropy", learning_rate=0.001),
    "lr-0.03": sgd(8, "cross_entropy", learning_rate=0.03),
    "lr-0.1": sgd(8, "cross_entropy", learning_rate=0.1),
    "momentum": sgd(8, "cross_entropy", momentum=0.9),
    "adam": sgd(8, "cross_entropy", optimizer="adam"),
    "adam-0.001": sgd(8, "cross_entropy", optimizer="adam", learning_rate=0.001),
    "rmsprop": sgd(8, "cross_entropy", optimizer="rmsprop", learning_rate=0.001),
    "adagrad": sgd(8, "cross_entropy", optimizer="adagrad"),
    "adadelta": sgd(8, "cross_entropy", optimizer="adadelta", learning_rate=1.0),
}
"""Settings that the second-order differences are listed for, beside the published ones."""
BY_WIDTH = {"by-width": sgd(8, "cross_entropy")}
"""The main setting with as many runs at every width."""


@dataclass(frozen=True)
class Case:
    """One target, one training set, one width."""

    target: str
    which: int
    width: int = 40

    @property
    def task(self) -> Task:
        """The networks."""
        return Task(Architecture(7, (self.width, self.width)))

    @property
    def training_set(self) -> TrainingSet:
        """S: the same inputs for every target."""
        chosen = rng.generator(self.which, "training inputs").choice(128, M, replace=False)
        return TrainingSet.of_function(TARGETS[self.target], chosen, m=128)

    def folder(self, out: Path, name: str) -> Path:
        """Return where a run is kept."""
        found = out / "runs" / self.target / str(self.which) / str(self.width) / name
        found.parent.mkdir(parents=True, exist_ok=True)
        return found


@dataclass(frozen=True)
class Study:
    """Where runs are kept, how many there are and by how many workers."""

    out: Path
    scale: float
    n_jobs: int

    def trained(self, case: Case, name: str) -> TrainingEnsemble:
        """Train the networks of a setting, or load them."""
        main = (case.target, case.width, name) == ("0011", 40, MAIN)
        return train_ensemble(
            case.task,
            case.training_set,
            n_runs=max(round((100_000 if main else 10_000) * self.scale), 1000),
            stop=STOPS,
            seed=case.which,
            n_jobs=self.n_jobs,
            store=case.folder(self.out, name),
            **(PUBLISHED | OTHERS | BY_WIDTH)[name],
        )

    def drawn(self, case: Case) -> list[FunctionTable]:
        """Draw from P_B(f|S) by rejection, or load what was drawn, in two halves."""
        return [
            posterior(
                case.task,
                case.training_set,
                n_proposals=math.ceil(PROPOSALS[case.target] * self.scale / 2.0),
                angles=8,
                seed=seed + case.which,
                n_jobs=self.n_jobs,
                store=case.folder(self.out, f"posterior-{seed}"),
            )
            for seed in (1000, 2000)
        ]

    def compared(self, case: Case, names: Iterable[str]) -> SettingsComparison:
        """Hold all stopping points of some settings against P_B(f|S)."""
        tables = {
            f"{name} {stop}": table
            for name in names
            for stop, table in self.trained(case, name).tables.items()
        }
        return compare_settings(
            self.drawn(case),
            tables,
            target=TARGETS[case.target],
            training_set=case.training_set,
            name="P_B",
            min_count=4,
            n_permutations=199,
        )


def measured(case: Case, found: SettingsComparison) -> Iterator[dict[str, Any]]:
    """Yield a record a row of a comparison: what the tables and the file show."""
    reference = found.reference_target
    for row in found:
        name, stop = row.label.rsplit(" ", 1)
        c, ratio = row.agreement.concordance, row.agreement.concordance.log_ratio
        r, slope = c.pearson_corrected, c.slope
        tv, js = row.agreement.total_variation, row.agreement.jensen_shannon
        of_row, of_reference = row.target.interval, reference.interval
        yield {
            "target": case.target,
            "set": case.which,
            "width": case.width,
            "setting": name,
            "stop": stop,
            "runs": row.agreement.draws[1],
            "posterior_draws": row.agreement.draws[0],
            "functions": c.n_functions,
            **interval("pearson", r.value, r.low, r.high),
            **interval("slope", slope.value, slope.low, slope.high),
            **interval("spread", ratio.sd, ratio.sd_low, ratio.sd_high),
            "total_variation_low": tv.low,
            "total_variation_high": tv.high,
            "jensen_shannon_low": js.low,
            "jensen_shannon_high": js.high,
            "p_of_equality": row.agreement.equality.p_value,
            **interval("p_sgd", row.target.p, *of_row),
            **interval("p_b", reference.p, *of_reference),
            **interval("error_sgd", row.error.mean, row.error.low, row.error.high),
            "error_b": found.reference_error.mean,
        }


def interval(name: str, value: float, low: float, high: float) -> dict[str, float]:
    """Return three columns."""
    return {name: value, f"{name}_low": low, f"{name}_high": high}


SHOWN = {
    "pearson": "Pearson of ln P",
    "slope": "slope",
    "spread": "spread of ln ratio",
    "total_variation_low": "total variation over",
    "total_variation_high": "and below",
    "jensen_shannon_low": "Jensen-Shannon over",
    "jensen_shannon_high": "and below",
    "p_sgd": "P_SGD(target)",
    "p_b": "P_B(target)",
    "error_sgd": "error SGD",
    "error_b": "error B",
}


def summary(rows: list[dict[str, Any]], by: tuple[str, ...]) -> list[str]:
    """Return a table of means over training sets with their 95% t intervals, as text."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in by), []).append(row)
    cells = [[*by, "sets", *SHOWN.values(), "p < 0.01"]]
    for key, group in groups.items():
        values = [spread_of(np.array([row[name] for row in group])) for name in SHOWN]
        told_apart = sum(row["p_of_equality"] < 0.01 for row in group)
        cells.append([*map(str, key), str(len(group)), *values, f"{told_apart} of {len(group)}"])
    return align(cells, left=range(len(by)))


def spread_of(values: Any) -> str:
    """Return the mean with its t interval over training sets; ``-`` where few have a value."""
    known = values[np.isfinite(values)]
    if len(known) < max(2, len(values) // 2):
        return "-"
    half = student.ppf(0.975, len(known) - 1) * known.std(ddof=1) / math.sqrt(len(known))
    few = "" if len(known) == len(values) else f" ({len(known)})"
    return f"{known.mean():.3f} +- {half:.3f}{few}"


def reach(study: Study, case: Case, n: int) -> dict[str, Any]:
    """Say how probable functions of each origin are under the P_B(f|S) of infinite width.

    Far more functions than two tables share are compared so: n that SGD ended on, n of P_B(f|S)
    itself and n random ones that fit S, each by an orthant, log10, with mean and standard error.
    """
    wide = replace(case.task.architecture, hidden=(math.inf, math.inf))
    task, S = Task(wide), case.training_set
    drawn = posterior(task, S, n_samples=10 * n, seed=3000 + case.which, n_jobs=study.n_jobs)
    generator = rng.generator(case.which, "functions of each origin")
    random = generator.integers(2, size=(n, 128))
    random[:, list(S.indices)] = S.labels
    origins = {
        "SGD": pick(study.trained(case, MAIN).table, n, generator),
        "P_B": pick(drawn, n, generator),
        "random": bits.pack(random),
    }
    record: dict[str, Any] = {"target": case.target, "set": case.which}
    for origin, words in origins.items():
        distinct, times = np.unique(words, axis=0, return_counts=True)
        found = posterior_estimates(task, S, distinct, relative_error=0.03, seed=case.which)
        logs = np.repeat([each.log_p / math.log(10.0) for each in found], times)
        record[origin] = logs.mean()
        record[f"{origin}_error"] = logs.std(ddof=1) / math.sqrt(len(logs))
    table = study.trained(case, MAIN).table
    words = functions_to_estimate(table, max_functions=500, seed=case.which)
    found = posterior_estimates(task, S, words, relative_error=0.03, seed=case.which)
    against = compare(table, found, functions=words, max_functions=500, seed=case.which)
    record["functions"] = against.agreement.concordance.n_functions
    record["pearson"] = against.agreement.concordance.pearson_corrected
    return record


def pick(table: FunctionTable, n: int, generator: np.random.Generator) -> Any:
    """Return the functions of n draws of a table, with replacement."""
    return table.functions[generator.choice(len(table), n, p=table.counts / table.n_samples)]


def draw(study: Study, rows: list[dict[str, Any]], out: Path) -> None:
    """Draw the main case, its errors, and P(target) by setting."""
    case = Case("0011", 0)
    main = compare(
        study.drawn(case),
        study.trained(case, MAIN).table,
        target=TARGETS["0011"],
        names=("prior", "SGD"),
        n_permutations=0,
    )
    with plotting.style():
        import matplotlib.pyplot as plt

        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9.6, 3.4))
        plotting.comparison_plot(main, left)
        plotting.error_laws_plot(main, middle)
        marks = dict(zip(TARGETS, "osD", strict=True))
        for stop, color in zip(STOPS, ("C0", "C1"), strict=True):
            for target, mark in marks.items():
                chosen = [r for r in rows if (r["target"], r["stop"]) == (target, stop)]
                x, y = [r["p_b"] for r in chosen], [r["p_sgd"] for r in chosen]
                filled = {"markerfacecolor": color if stop == STOPS[0] else "none"}
                right.plot(
                    x, y, mark, color=color, markersize=3.5, label=f"{target}, {stop}", **filled
                )
        right.axline((0.01, 0.01), slope=1, color="0.6", linewidth=0.8)
        right.set(
            xscale="log",
            yscale="log",
            xlabel="$P_B$(target|S)",
            ylabel="$P_\\mathrm{SGD}$(target|S)",
        )
        right.legend(fontsize=6)
        for kind in ("png", "pdf"):
            figure.savefig(out / f"bayesian_sampler.{kind}")


def verdict(rows: list[dict[str, Any]], reached: list[dict[str, Any]]) -> None:
    """Say of each part of the claim whether it holds in the published settings."""
    early = [row for row in rows if row["stop"] == STOPS[0]]
    late = [row for row in rows if row["stop"] == STOPS[1]]
    gap = [(r["SGD"] - r["random"]) / (r["P_B"] - r["random"]) for r in reached]
    print(
        f"P_B of what SGD ends on: on average {100 * np.mean(gap):.1f}% of the way, in log P, "
        f"from random functions that fit S to draws of P_B itself ({len(gap)} training sets)"
    )
    for name, chosen in (("at zero training error", early), ("64 epochs later", late)):
        r = np.array([row["pearson"] for row in chosen])
        known = r[np.isfinite(r)]
        ratio = np.log([row["p_sgd"] / row["p_b"] for row in chosen if row["p_sgd"] and row["p_b"]])
        apart = np.mean([row["p_of_equality"] < 0.01 for row in chosen])
        print(
            f"{name}: Pearson of ln P without noise {np.median(known):+.2f} in the median of "
            f"{len(known)} of {len(r)} comparisons ({np.quantile(known, 0.1):+.2f} to "
            f"{np.quantile(known, 0.9):+.2f}), ln P_SGD(target)/P_B(target) "
            f"{np.median(ratio):+.2f} ({np.quantile(ratio, 0.1):+.2f} to "
            f"{np.quantile(ratio, 0.9):+.2f}); told apart in {100 * apart:.0f}%"
        )


def main() -> int:
    """Train, draw, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for runs, tables and the figure")
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of runs and draws")
    parser.add_argument("--jobs", type=int, default=-1)
    options = parser.parse_args()
    if not 0 < options.scale < math.inf:
        parser.error(f"--scale is a positive number, got {options.scale}")
    options.out.mkdir(parents=True, exist_ok=True)
    study = Study(options.out, options.scale, options.jobs)

    published: list[dict[str, Any]] = []
    for target in TARGETS:
        for which in range(N_SETS):
            case = Case(target, which)
            published += measured(case, study.compared(case, PUBLISHED))
    published.sort(key=lambda row: (list(TARGETS).index(row["target"]), STOPS.index(row["stop"])))
    print("Published settings", *summary(published, ("target", "stop", "setting")), "", sep="\n")

    wide = [Case("0011", which, width) for width in WIDTHS for which in range(WIDTH_SETS)]
    by_width = [row for case in wide for row in measured(case, study.compared(case, BY_WIDTH))]
    print("By width", *summary(by_width, ("stop", "width")), "", sep="\n")

    case = Case("0011", 0)
    second = study.compared(case, PUBLISHED | OTHERS)
    print("Second-order differences, first training set", second, "", sep="\n")

    reached = [reach(study, Case("0011", which), 200) for which in range(N_SETS)]
    print("Mean log10 P_B(f|S) at infinite width of 200 functions of each origin; of the functions")
    print("that SGD ends on most often, its correlation with ln P_SGD, counting noise taken off")
    cells = [["set", "SGD", "P_B", "random, fit S", "functions", "Pearson with ln P_SGD"]]
    for row in reached:
        numbers = [f"{row[k]:.2f} +- {row[f'{k}_error']:.2f}" for k in ("SGD", "P_B", "random")]
        numbers += [f"{row['functions']:,}", str(row["pearson"])]
        cells.append([str(row["set"]), *numbers])
    print(*align(cells, left=()), "", sep="\n")

    others = list(measured(case, second))
    with (options.out / "bayesian_sampler.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(published[0]))
        writer.writeheader()
        writer.writerows([*published, *by_width, *others])
    draw(study, published, options.out)
    verdict(published, reached)
    return 0


if __name__ == "__main__":
    sys.exit(main())
