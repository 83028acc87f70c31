"""Whether deep wide networks have independent outputs, and what depth does to P(K) and P(f).

The claim (2510.06527): exactly where the activation is nonlinear with E[phi(z)] = 0 and
pre-activations keep unit variance (sigma_w^2 = 1 / E[phi^2], sigma_b = 0, inputs of equal norm).
Networks on {-1, +1}^7 are sampled at depths 1 to 10, with the shift, without it, and with the shift
but sigma_w = 1; the dependence of outputs in pairs, without antipodal pairs, is held against
(2/pi) arcsin(rho) with rho from the correlation map.

    python analysis/independence.py OUT [--samples N] [--width W] [--jobs N]

writes OUT/independence.csv, OUT/correlation_map.{pdf,png} and OUT/independence.{pdf,png}, prints a
table, and says of each expectation whether it is met; the exit code is 1 if one is not.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from priorvol import Architecture, Prior, Task, boolean_cube, collect, plotting
from priorvol.independence import PairwiseDependence, pairwise_dependence
from priorvol.infinite.correlation_map import CorrelationMap, correlation_map, unit_sigma_w
from priorvol.simplicity import ComplexityDistribution, complexity_distribution

N = 7
DEPTHS = (1, 2, 3, 5, 7, 10)
SEED = 20
WIDTHS = (64, 128)
"""For the limit of infinite width, at depth `CHECKED`."""
CHECKED = 3
SIGMAS = 5.0


@dataclass(frozen=True)
class Setting:
    """An activation with its shift and weights."""

    title: str
    activation: str
    shift: float | str
    sigma_w: float | str
    color: str
    marker: str

    def task(self, depth: int, width: float) -> Task:
        """Return the task at a depth and width."""
        layers = (width,) * depth
        network = Architecture(N, layers, activation=self.activation, shift=self.shift)
        weights = unit_sigma_w(network) if self.sigma_w == "unit" else self.sigma_w
        return Task(network, Prior(sigma_w=weights, sigma_b=0.0), boolean_cube(N, "pm1"))

    def map(self, **options: float) -> CorrelationMap:
        """Return the correlation map."""
        return correlation_map(
            self.activation, shift=self.shift, sigma_w=self.sigma_w, sigma_b=0.0, **options
        )


SETTINGS = {
    "relu": Setting("ReLU", "relu", 0.0, "unit", "#0072B2", "o"),
    "tanh": Setting("tanh", "tanh", 0.0, "unit", "#E69F00", "^"),
    "relu0": Setting("ReLU, zero mean", "relu", "zero-mean", "unit", "#009E73", "s"),
    "gelu0": Setting("GELU, zero mean", "gelu", "zero-mean", "unit", "#CC79A7", "D"),
    "relu0-1": Setting(r"ReLU, zero mean, $\sigma_w = 1$", "relu", "zero-mean", 1.0, "0.2", "v"),
}


@dataclass(frozen=True)
class Measured:
    """What was found of one setting at one depth and width."""

    setting: str
    depth: int
    width: float
    dependence: PairwiseDependence
    complexity: ComplexityDistribution
    top: float
    low: float
    high: float
    constants: float
    distinct: float
    always_balanced: bool


def measure(name: str, depth: int, width: float, samples: int, jobs: int) -> Measured:
    """Sample a setting and measure."""
    table = collect(
        SETTINGS[name].task(depth, width), n_samples=samples, seed=SEED, n_jobs=jobs, progress=False
    )
    first = table.ranks(1)
    m = table.m
    return Measured(
        name,
        depth,
        width,
        pairwise_dependence(table),
        complexity_distribution(table, n_jobs=jobs),
        float(first.p[0]),
        float(first.low[0]),
        float(first.high[0]),
        float(table.t_counts[0] + table.t_counts[m]) / table.n_samples,
        len(table) / table.n_samples,
        bool(table.t_counts[m // 2] == table.n_samples),
    )


def theory(name: str, depth: int) -> np.ndarray:
    """Return the correlation of outputs at Hamming distances 1 to 6 at infinite width."""
    setting = SETTINGS[name]
    rho = [
        setting.map(rho=1.0 - 2.0 * d / N, n_layers=depth + 1).correlations[-1] for d in range(1, N)
    ]
    return 2.0 / math.pi * np.arcsin(rho)


def mean_square(by_distance: np.ndarray) -> float:
    """Return the mean over pairs of the squared correlation, from those at distances 1 to 6."""
    pairs = np.array([math.comb(N, d) for d in range(1, N)])
    return float(pairs @ by_distance**2 / pairs.sum())


def extrapolate(name: str, samples: int, jobs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return correlations by distance at infinite width from two widths, and their errors."""
    narrow, wide = (
        pairwise_dependence(
            collect(
                SETTINGS[name].task(CHECKED, width),
                n_samples=samples,
                seed=SEED + 1,
                n_jobs=jobs,
                progress=False,
            )
        )
        for width in WIDTHS
    )
    limit = 2.0 * wide.by_distance - narrow.by_distance
    return limit, np.hypot(2.0 * wide.by_distance_error, narrow.by_distance_error)


def expectations(
    found: dict[tuple[str, int, float], Measured], width: float, samples: int, jobs: int
) -> list[tuple[bool, str]]:
    """Return what was expected of the claim, and whether it is so."""
    checks = []

    def squares(name: str) -> list[float]:
        return [found[name, depth, width].dependence.mean_square for depth in DEPTHS]

    for name in ("relu0", "gelu0", "tanh"):
        values = squares(name)
        falls = all(later < earlier for earlier, later in zip(values, values[1:], strict=False))
        text = f"{name}: dependence falls with depth, {values[0]:.4f} to {values[-1]:.4f}"
        checks.append((falls, text))
    for name in ("relu0", "gelu0"):
        last = found[name, DEPTHS[-1], width].dependence
        few = last.mean_square < 0.05 * found[name, 1, width].dependence.mean_square
        checks.append((few, f"{name}: at depth {DEPTHS[-1]} less than 5 % of it is left"))
    values = squares("relu")
    checks.append((values[-1] > values[0], f"relu: it rises, {values[0]:.4f} to {values[-1]:.4f}"))
    values = squares("relu0-1")
    text = f"relu0-1: with sigma_w = 1 outputs become alike, {values[0]:.4f} to {values[-1]:.4f}"
    checks.append((values[-1] > 0.5, text))
    odd = all(found["tanh", depth, width].always_balanced for depth in DEPTHS)
    checks.append((odd, "tanh: f(-x) = not f(x), so that T = 64 at every depth"))
    for name in SETTINGS:
        limit, error = extrapolate(name, samples, jobs)
        off = np.abs(limit - theory(name, CHECKED)) / error
        text = (
            f"{name}: correlations at depth {CHECKED}, from widths {WIDTHS} to infinity, within "
            f"{SIGMAS:g} standard errors of the map's; largest {off.max():.1f}"
        )
        checks.append((bool(off.max() <= SIGMAS), text))
    for name, sign in (("relu", -1), ("relu0", 1), ("relu0-1", -1)):
        first, last = (found[name, depth, width].complexity.prior for depth in (1, DEPTHS[-1]))
        gap = (last.mean - first.mean) / math.hypot(first.standard_error, last.standard_error)
        word = "rises" if sign > 0 else "falls"
        text = f"{name}: mean K_LZ {word} with depth, {first.mean:.1f} to {last.mean:.1f} bits"
        checks.append((gap * sign > SIGMAS, text))
    return checks


def write_rows(path: Path, found: dict[tuple[str, int, float], Measured]) -> None:
    """Write a row a setting, depth and width, and print it."""
    head = (
        "setting,depth,width,mean_square,standard_error,theory,mean_k_lz,k_error,p_top,p_low,"
        "p_high,p_constant,distinct"
    ).split(",")
    rows = []
    for item in found.values():
        dependence, prior = item.dependence, item.complexity.prior
        numbers = (
            dependence.mean_square,
            dependence.standard_error,
            mean_square(theory(item.setting, item.depth)),
            prior.mean,
            prior.standard_error,
            item.top,
            item.low,
            item.high,
            item.constants,
            item.distinct,
        )
        rows.append([item.setting, item.depth, item.width, *(f"{x:.5g}" for x in numbers)])
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    print(f"{'':8s} depth width  dependence +- error (theory)   mean K    P(top)  constants")
    for row in rows:
        name, depth, width, square, error, limit, k, _, top, _, _, constants, _ = row
        print(
            f"{name:8s} {depth:5d} {width:5g}  {float(square):9.4f} +- {float(error):.4f} "
            f"({float(limit):.4f})  {float(k):7.2f}  {float(top):8.4g}  {float(constants):8.4g}"
        )


def draw_maps(out: Path, found: dict[tuple[str, int, float], Measured], width: int) -> None:
    """Draw maps above, and the distribution of K_LZ below them."""
    with plotting.style():
        import matplotlib.pyplot as plt

        names = ("relu", "tanh", "relu0", "gelu0")
        figure, rows = plt.subplots(2, len(names), figsize=(7.0, 3.9), height_ratios=[1.25, 1.0])
        deep = DEPTHS[-1]
        for column, name in enumerate(names):
            setting, ax, below = SETTINGS[name], rows[0, column], rows[1, column]
            plotting.correlation_map_plot(setting.map(rho=-0.9, n_layers=deep + 1), ax)
            ax.set_title(setting.title)
            shown = (
                (found[name, 1, width], "0.65", "-", f"depth 1, width {width}"),
                (found[name, deep, width], "#0072B2", "-", f"depth {deep}, width {width}"),
                (found[name, deep, math.inf], "#D55E00", "--", f"depth {deep}, infinite width"),
            )
            for item, color, style, label in shown:
                seen = item.complexity.prior.p > 0.0
                k, p = item.complexity.k[seen], item.complexity.prior.p[seen]
                below.plot(k, p, color=color, linestyle=style, label=label)
            random = found[name, 1, width].complexity
            seen = random.uniform.p > 0.0
            k, p = random.k[seen], random.uniform.p[seen]
            below.plot(k, p, color="0.1", linestyle=":", label="uniformly random $f$")
            below.set_xlim(0, 175)
            below.set_xlabel(r"$K_\mathrm{LZ}$ (bits)")
            below.set_yscale("log")
            below.set_ylim(0.5 / found[name, 1, width].dependence.n_samples, 0.6)
            if column:
                ax.set_ylabel("")
                below.set_yticklabels([])
        rows[1, 0].set_ylabel(r"$P(K_\mathrm{LZ})$")
        handles, labels = rows[1, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
        for suffix in ("pdf", "png"):
            figure.savefig(out / f"correlation_map.{suffix}")
        plt.close(figure)


def draw_depth(out: Path, found: dict[tuple[str, int, float], Measured], width: int) -> None:
    """Draw dependence, mean K_LZ and the largest P(f) against depth."""
    with plotting.style():
        import matplotlib.pyplot as plt

        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.0, 2.7))
        for name, setting in SETTINGS.items():
            finite = [found[name, depth, width] for depth in DEPTHS]
            infinite = [found[name, depth, math.inf] for depth in DEPTHS]
            points = {
                "color": setting.color,
                "marker": setting.marker,
                "linestyle": "none",
                "linewidth": 0.8,
                "label": setting.title,
            }
            line = {"color": setting.color, "linestyle": "-", "linewidth": 0.8}
            squares = [item.dependence.mean_square for item in finite]
            errors = [1.96 * item.dependence.standard_error for item in finite]
            left.errorbar(DEPTHS, squares, errors, **points)
            limits = [mean_square(theory(name, d)) for d in range(1, DEPTHS[-1] + 1)]
            left.plot(range(1, DEPTHS[-1] + 1), limits, **line)
            for ax, pick in ((middle, lambda x: x.complexity.prior.mean), (right, lambda x: x.top)):
                ax.plot(DEPTHS, [pick(item) for item in finite], **points)
                ax.plot(DEPTHS, [pick(item) for item in infinite], **line)
        sample = found["relu", 1, width]
        n = sample.dependence.n_samples
        marks = (
            (left, sample.dependence.floor, f"noise of {n:,} draws (taken off)", "bottom"),
            (middle, sample.complexity.uniform.mean, "uniformly random $f$", "bottom"),
            (right, 1.0 / n, f"1 of {n:,} draws", "top"),
        )
        for ax, height, text, side in marks:
            ax.axhline(height, color="0.1", linestyle=":", linewidth=0.8)
            down = -4.0 if side == "top" else 2.0
            ax.annotate(
                text,
                (0.97 if ax is right else 0.03, height),
                (0.0, down),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha="right" if ax is right else "left",
                va=side,
                fontsize=6,
            )
        middle.set_ylim(0, 170)
        right.set_ylim(0.4 / n, 1.0)
        left.set_ylabel("squared correlation of outputs")
        middle.set_ylabel(r"mean $K_\mathrm{LZ}$ (bits)")
        right.set_ylabel(r"$P(f)$ of the commonest function")
        for ax in (left, middle, right):
            ax.set_xlabel("hidden layers")
            ax.set_xticks(DEPTHS)
        left.set_yscale("log")
        right.set_yscale("log")
        left.plot([], [], color="0.4", linestyle="-", linewidth=0.8, label="infinite width")
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=6, columnspacing=1.0)
        for suffix in ("pdf", "png"):
            figure.savefig(out / f"independence.{suffix}")
        plt.close(figure)


def main() -> int:
    """Measure, draw and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--jobs", type=int, default=-1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    found = {
        (name, depth, width): measure(name, depth, width, options.samples, options.jobs)
        for name in SETTINGS
        for width in (options.width, math.inf)
        for depth in DEPTHS
    }
    write_rows(options.out / "independence.csv", found)
    draw_maps(options.out, found, options.width)
    draw_depth(options.out, found, options.width)
    checks = expectations(found, options.width, 4 * options.samples, options.jobs)
    for passed, text in checks:
        print("pass" if passed else "FAIL", text)
    return 0 if all(passed for passed, _ in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
