"""Trained networks of finite width beside the band of infinite width (1806.07572, 1902.06720).

    python analysis/finite_width_band.py OUT [--networks N]

writes OUT/finite_width_band.png and .pdf, prints a table an activation and says pass or fail. As in
figure 2 of 1806.07572 inputs lie on a circle in the plane, four of them are learnt, by full-batch
gradient descent in the NTK parametrisation; bands are mean and two standard deviations, as in
figure 2 of 1902.06720. Networks 2-N-1, N = 8 to 1,024, erf and ReLU. Passes where

- ensembles' means and standard deviations, extrapolated to infinite width by the first powers of
  1 / N (erf) or 1 / sqrt(N) (ReLU), are those of the infinite network within 5 standard errors, on
  all inputs but those learnt and their neighbours (near an input learnt ReLU's further terms fall
  only where 1 / sqrt(N) is below the angle to it: at N = 2,048 they are still seen there);
- distances of means go as 1 / N for erf and as N^(-1/2) for ReLU, and those of erf's standard
  deviations as 1 / N, within 3 standard errors, themselves below 0.1.

ReLU's standard deviations come near faster than can be told at large N. 2 minutes on one core.

Measured with 10,000 networks a width: distances of means go as N^(-1.17 +- 0.08) for erf, 0.0015 at
N = 512, and as N^(-0.45 +- 0.03) for ReLU, 0.0067 at N = 1,024; outputs are of size 1.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from priorvol import Architecture, Prior, Task, TrainingSet, array_inputs, plotting, training_band
from priorvol.training import TrainingBand

POINTS = 64
S = TrainingSet([4, 18, 32, 56], [1, 0, 1, 0])
STEPS, RATE = 200, 0.5
WIDTHS = {"erf": (8, 16, 32, 64, 128, 256, 512), "relu": (8, 16, 32, 64, 128, 256, 512, 1024)}
PRIORS = {"erf": Prior(sigma_w=1.5, sigma_b=0.3), "relu": Prior(sigma_w=2**0.5, sigma_b=0.3)}
NAMES = {"erf": "erf", "relu": "ReLU"}
POWERS = {"erf": -1.0, "relu": -0.5}
TERMS = {"erf": 2, "relu": 3}  # of the extrapolation
FROM_WIDTH = 32  # narrower networks have terms of still higher order
SHOWN = (8, 256)
SIGMAS, LIMIT_SIGMAS, MOST_ERROR = 3, 5, 0.1


def measure(activation: str, n_networks: int, seed: int) -> TrainingBand:
    """Train the ensembles of one activation."""
    angle = 2 * np.pi * np.arange(POINTS) / POINTS
    inputs = array_inputs(np.column_stack([np.cos(angle), np.sin(angle)]))
    task = Task(Architecture(2, (math.inf,), activation), PRIORS[activation], inputs)
    return training_band(
        task,
        S,
        WIDTHS[activation],
        steps=STEPS,
        learning_rate=RATE,
        n_networks=n_networks,
        seed=seed,
        n_jobs=1,
    )


def extrapolated(
    band: TrainingBand, statistic: str, power: float, n_terms: int
) -> tuple[float, float]:
    """Return the largest |limit| / error over inputs, and the largest error.

    For each input a weighted fit of a limit and terms in N^power, N^(2 power) and so on.
    """
    shift, used = band.shifts[statistic], band.widths >= FROM_WIDTH
    widths = band.widths[used].astype(np.float64)
    terms = np.column_stack([widths ** (k * power) for k in range(n_terms + 1)])
    near = {(x + step) % POINTS for x in S.indices for step in (-1, 0, 1)}
    ratios, errors = [], []
    for x in sorted(set(range(POINTS)) - near):
        weight = 1 / shift.errors[used, x]
        inverse = np.linalg.pinv(terms * weight[:, None])
        errors.append(float(np.linalg.norm(inverse[0])))
        ratios.append(abs(float(inverse[0] @ (shift.values[used, x] * weight))) / errors[-1])
    return max(ratios), max(errors)


def verdict(activation: str, band: TrainingBand) -> bool:
    """Print how the ensembles approach the band; return whether as they should."""
    power, name = POWERS[activation], NAMES[activation]
    passed = []
    for statistic in band.shifts:
        ratio, error = extrapolated(band, statistic, power, TERMS[activation])
        passed.append(ratio <= LIMIT_SIGMAS)
        print(
            f"{_says(passed[-1])}: {name}'s {statistic} extrapolated to infinite width is that of "
            f"the band, at most {ratio:.1f} standard errors away at any input (errors up to "
            f"{error:.2g})"
        )
        if activation == "relu" and statistic != "mean":
            continue
        found, error = band.exponent(statistic, from_width=FROM_WIDTH, correction=-power)
        passed.append(abs(found - power) <= SIGMAS * error and error < MOST_ERROR)
        print(
            f"{_says(passed[-1])}: {name}'s {statistic} comes near as width^({found:.3f} +- "
            f"{error:.3f}) from width {FROM_WIDTH} on; {power:g} is wanted"
        )
    return all(passed)


def _says(passed: bool) -> str:
    return "pass" if passed else "FAIL"


def draw(bands: dict[str, TrainingBand]) -> Any:
    """Return the figure: ensembles of some widths, and the distances."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(7.0, 4.0))
    left, right = figure.subfigures(1, 2, width_ratios=(2.0, 1.2))
    rows = left.subplots(2, 2, sharex=True, sharey=True)
    angle = 2 * np.arange(POINTS) / POINTS
    for row, (activation, band) in zip(rows, bands.items(), strict=True):
        for ax, width in zip(row, SHOWN, strict=True):
            plotting.training_band_plot(band, ax, width=width, positions=angle)
            ax.set_title(f"{NAMES[activation]}, width {width:,}")
            ax.set_xlabel(r"angle / $\pi$")
            ax.label_outer()
    handles, labels = rows[0, 0].get_legend_handles_labels()
    left.legend(handles, labels, loc="outside lower center", ncols=3)
    named = {NAMES[activation]: band for activation, band in bands.items()}
    powers = {NAMES[activation]: power for activation, power in POWERS.items()}
    plotting.band_distance_plot(named, right.subplots(), powers=powers)
    return figure


def main() -> int:
    """Measure, draw and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the figure")
    parser.add_argument("--networks", type=int, default=10_000, help="at each width")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    bands = {name: measure(name, options.networks, options.seed) for name in WIDTHS}
    for band in bands.values():
        print(band, end="\n\n")
    with plotting.style():
        figure = draw(bands)
        for kind in ("png", "pdf"):
            figure.savefig(options.out / f"finite_width_band.{kind}")
    verdicts = [verdict(name, band) for name, band in bands.items()]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
