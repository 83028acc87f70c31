"""How the NNGP and the NTK of finite ReLU networks approach infinite width.

    python analysis/kernel_convergence.py OUT [--networks N]

writes OUT/kernel_convergence.png and .pdf, prints a table, and says pass or fail: the kernel of a
single network must scatter about the mean as width^(-1/2), and the mean over networks must be the
limit up to its standard error and a bias of O(1/width) (1711.00165, 1806.07572).
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from priorvol import Architecture, Prior, Task, plotting
from priorvol.infinite.convergence import KernelConvergence, kernel_convergence

WIDTHS = (16, 32, 64, 128, 256, 512, 1024)
FROM_WIDTH = 64  # narrower networks have terms of higher order
SIGMAS = 3


def verdict(found: KernelConvergence) -> bool:
    """Print the power of the width for each kernel; return whether all are -1/2 within error."""
    passed = True
    for name, errors in found.kernels.items():
        power, error = found.exponent(name, from_width=FROM_WIDTH)
        fits = abs(power + 0.5) <= SIGMAS * error and error < 0.05
        print(
            f"{'pass' if fits else 'FAIL'}: {name} of one network scatters as width^"
            f"({power:.3f} +- {error:.3f}) from width {FROM_WIDTH} on; -1/2 is wanted within "
            f"{SIGMAS} standard errors, those below 0.05"
        )
        bias, sure = errors.bias_squared[-1], errors.bias_squared_error[-1]
        near = bias <= SIGMAS * sure
        print(
            f"{'pass' if near else 'FAIL'}: mean {name} at width {found.widths[-1]:,} is "
            f"{errors.deviation[-1]:.2g} +- {errors.deviation_error[-1]:.1g} from the limit, "
            f"{'as scatter gives it' if near else 'more than scatter gives'}"
        )
        passed = passed and fits and bool(near)
    return passed


def main() -> int:
    """Measure, draw and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the figure")
    parser.add_argument("--networks", type=int, default=1000, help="at each width")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    task = Task(Architecture(7, (math.inf, math.inf)), Prior(sigma_w=1.0, sigma_b=1.0))
    found = kernel_convergence(task, WIDTHS, n_networks=options.networks, seed=options.seed)
    print(found, end="\n\n")
    with plotting.style():
        ax = plotting.convergence_plot(found)
        for kind in ("png", "pdf"):
            ax.figure.savefig(options.out / f"kernel_convergence.{kind}")
    return 0 if verdict(found) else 1


if __name__ == "__main__":
    sys.exit(main())
