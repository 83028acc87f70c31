"""How far expectation propagation is from the exact P(f) at infinite width, and where.

The literature's P(f) at infinite width rest on EP, which gives no error. Here EP is held against
orthants with a standard error of 1 %, for functions of seven inputs: those that the prior draws
often and seldom, uniformly random ones, random ones of given T, and those named in the atlas.

    python analysis/ep_error_map.py OUT [--jobs N] [--scale X]

writes OUT/ep_error.csv and OUT/ep_error.png, and prints a table and one sentence.
"""

from __future__ import annotations

import argparse
import csv
import math
from pathlib import Path

import numpy as np

from priorvol import Architecture, Prior, Task, atlas, bits, boolean_cube, collect, nulls, plotting
from priorvol.estimators.errors import MethodErrors, method_errors
from priorvol.rng import generator

N = 7
M = 1 << N
DEPTH = 2
SETTINGS = {
    r"$\{0,1\}^7$, $\sigma_w = \sigma_b = 1$": ("01", 1.0),
    r"$\{-1,+1\}^7$, $\sigma_w = \sigma_b = 1$": ("pm1", 1.0),
    r"$\{0,1\}^7$, $\sigma_w = 1$, $\sigma_b = 0$": ("01", 0.0),
}
"""Titles with the encoding and sigma_b."""

ONES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


def functions(task: Task, scale: float) -> dict[str, bits.Words]:
    """Return the functions by kind; ``scale`` multiplies their numbers."""
    table = collect(task, n_samples=200_000, seed=11)
    often = table.ranks(round(200 * scale)).functions
    rng = generator(12, "seldom drawn functions")
    seldom = table.functions[np.sort(rng.choice(len(table), round(400 * scale), replace=False))]
    each = round(24 * scale)
    first = np.arange(M)[None, :] < np.repeat(ONES, each)[:, None]
    fixed = nulls.same_t(bits.pack(first), m=M, seed=13)
    turned = bits.unpack(fixed, M) ^ (rng.random(len(fixed)) < 0.5)[:, None]
    kinds = {
        "constants": ["0" * M, "1" * M],
        "atlas": [entry.text for entry in atlas.entries(N)],
        "drawn often": often,
        "drawn": np.array(seldom),
        "random, fixed $T$": bits.pack(turned),
        "uniformly random": nulls.uniform_functions(round(200 * scale), M, seed=14),
    }
    words = {kind: bits.as_words(chosen, M)[0] for kind, chosen in kinds.items()}
    if min(task.prior.sigma_b) == 0.0:  # f(0) = 0 always: where it is not, the complement
        words = {kind: _with_first_0(chosen) for kind, chosen in words.items()}
    return words


def _with_first_0(words: bits.Words) -> bits.Words:
    values = bits.unpack(words, M)
    return bits.pack(values ^ values[:, :1])


def sentence(found: list[MethodErrors]) -> str:
    """Return what a paper could cite."""
    error = np.concatenate([row.error for row in found])
    common = error[np.concatenate([row.log10_p for row in found]) > -6]
    random = error[np.concatenate([row.kinds == "uniformly random" for row in found])]
    row, place = max(
        ((row, int(np.abs(row.error).argmax())) for row in found),
        key=lambda pair: abs(pair[0].error[pair[1]]),
    )
    (text,) = bits.to_text(row.functions[place][None], M)
    names = [entry.name for entry in atlas.entries(N) if entry.text == text] or [text]
    low, high = np.quantile(error, (0.05, 0.95))
    return (
        f"Over {len(error):,} functions of seven inputs (both cubes, ReLU networks of {DEPTH} "
        f"infinite hidden layers, sigma_w = 1, sigma_b = 1 or 0), expectation propagation is off "
        f"by {np.median(error):+.2f} in log10 P(f) in the median (90 % between {low:+.2f} and "
        f"{high:+.2f}), by {np.median(common):+.2f} for the {len(common):,} functions of "
        f"P > 1e-6, by {np.median(random):+.2f} for uniformly random ones, and at worst by "
        f"{row.error[place]:+.2f}, a factor of {10 ** abs(row.error[place]):.1f}, for the function "
        f"'{names[0]}' on {row.task.inputs.name} (sigma_b = {row.task.prior.sigma_b[0]:g}, "
        f"P = {10 ** row.log10_p[place]:.2g})."
    )


def write(found: list[MethodErrors], folder: Path) -> None:
    """Write the table and the figure."""
    with (folder / "ep_error.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        heading = [
            "encoding",
            "sigma_b",
            "kind",
            "function",
            "k_lz",
            "t",
            "log10_p",
            "standard_error",
        ]
        writer.writerow([*heading, "ep_log10_p", "converged"])
        for row in found:
            columns = row.columns()
            texts = bits.to_text(row.functions, M, base=16)
            for place, text in enumerate(texts):
                writer.writerow(
                    [
                        row.task.inputs.encoding,
                        row.task.prior.sigma_b[0],
                        row.kinds[place].replace("$", ""),
                        text,
                        columns["k_lz"][place],
                        int(columns["t"][place]),
                        f"{row.log10_p[place]:.6f}",
                        f"{row.standard_error[place]:.6f}",
                        f"{row.method_log10_p[place]:.6f}",
                        int(row.converged[place]),
                    ]
                )
    with plotting.style():
        from matplotlib.figure import Figure

        figure = Figure()
        plotting.method_errors_plot(found, figure, titles=list(SETTINGS))
        figure.savefig(folder / "ep_error.png", dpi=200)


def main() -> None:
    """Run the comparison for each setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the table and the figure")
    parser.add_argument("--jobs", type=int, default=-1, help="workers (-1: one a core)")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the functions")
    parser.add_argument("--relative-error", type=float, default=0.01, help="of the exact P")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    found = []
    for encoding, sigma_b in SETTINGS.values():
        task = Task(
            Architecture(N, (math.inf,) * DEPTH),
            Prior(sigma_b=sigma_b),
            boolean_cube(N, encoding),
        )
        row = method_errors(
            task,
            functions(task, options.scale),
            relative_error=options.relative_error,
            n_jobs=options.jobs,
        )
        print(f"{task}: error of EP in log10 P")
        print("\n".join(row.lines()))
        stuck = int((~row.converged).sum())
        print(f"EP did not converge for {stuck} of {len(row)}; left out: {row.n_left_out}\n")
        found.append(row)
    write(found, options.out)
    print(sentence(found))


if __name__ == "__main__":
    main()
