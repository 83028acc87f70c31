"""Proposals a second of `posterior` at finite width beside functions a second of `collect`.

One worker, best of several repeats taken in turn; with several output draws also what is accepted
in a second, in independent draws (accepted functions over the mean size of their groups):

    python scripts/bench_rejection.py [--seconds 2] [--repeats 3]
"""

from __future__ import annotations

import argparse
import time

from priorvol import Architecture, Prior, Task, TrainingSet, collect, posterior
from priorvol.rng import generator

TARGET = "0011" * 32
NETWORKS = ((40, 40), (40,))
SIZES = (8, 16, 32)
OUTPUT_DRAWS = (1, 64)


def main() -> None:
    """Print a row a case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="of collect, a repeat")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(
        f"{'network':10}{'|S|':>4}{'draws':>6}{'posterior /s':>14}{'collect /s':>12}{'gain':>6}"
        f"{'accepted':>10}{'independent /s':>16}"
    )
    order = generator(0, "training inputs").permutation(128)
    for hidden in NETWORKS:
        task = Task(Architecture(7, hidden), Prior())
        for draws in OUTPUT_DRAWS:
            n = proposals(task, draws, options.seconds)
            for size in SIZES:
                training_set = TrainingSet.of_function(TARGET, order[:size], m=128)
                compare(task, training_set, n, draws, options.repeats)


def proposals(task: Task, draws: int, seconds: float) -> int:
    """Return how many functions `collect` draws in some seconds, in whole groups."""
    n = 512 * draws
    while True:
        start = time.perf_counter()
        collect(task, n_samples=n, output_draws=draws, n_jobs=1)
        if time.perf_counter() - start > seconds / 2:
            return 2 * n
        n *= 2


def compare(task: Task, training_set: TrainingSet, n: int, draws: int, repeats: int) -> None:
    """Time both ways in turn and print the best of each."""
    best = {"posterior": float("inf"), "collect": float("inf")}
    accepted, independent = 0, 0.0
    for _ in range(repeats):
        start = time.perf_counter()
        try:
            table = posterior(task, training_set, n_proposals=n, output_draws=draws, n_jobs=1)
            accepted, independent = table.n_samples, table.n_samples / table.group_size
        except ValueError:
            accepted, independent = 0, 0.0  # none of so few fits
        best["posterior"] = min(best["posterior"], time.perf_counter() - start)
        start = time.perf_counter()
        collect(task, n_samples=n, output_draws=draws, n_jobs=1)
        best["collect"] = min(best["collect"], time.perf_counter() - start)
    a, b = n / best["posterior"], n / best["collect"]
    name = "7-" + "-".join(map(str, task.architecture.hidden)) + "-1"
    print(
        f"{name:10}{len(training_set):4}{draws:6}{a:14,.0f}{b:12,.0f}{a / b:6.2f}{accepted:10,}"
        f"{independent / best['posterior']:16,.1f}"
    )


if __name__ == "__main__":
    main()
