"""What the benchmarks share: taking turns, rates, verdicts, and naming the machine.

Import this before NumPy: it gives every library one thread.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "BLIS")})
os.environ.pop("OPENBLAS_CORETYPE", None)  # may name an older processor than this one
os.environ.pop("OPENBLAS_L2_SIZE", None)

import joblib
import llvmlite.binding
import numpy as np

Cases = dict[str, Callable[[], Any]]


class Report:
    """Prints figures with their targets and keeps them for the JSON file."""

    def __init__(self) -> None:
        self.record: dict[str, Any] = {}
        self.met: list[bool] = []

    def note(self, name: str, text: str, value: Any) -> None:
        """Print a line and keep its value."""
        self.record[name.strip()] = np.asarray(value).tolist()
        print(f"{name:<38} {text}".rstrip(), flush=True)

    def rate(self, name: str, rates: Any, base: float = 0.0, least: float = 0.0) -> None:
        """Print rates; with ``base`` the ratio to it, and whether that is at least ``least``."""
        middle = float(np.median(rates))
        text = f"{cut(middle):>11}/s {f'({cut(min(rates))} - {cut(max(rates))})':<25}"
        if base:
            text += f" {cut(middle / base):>6} x  "
        self.note(name, text + (self.verdict(middle / base, least=least) if least else ""), rates)

    def verdict(self, value: float, *, least: float = -math.inf, most: float = math.inf) -> str:
        """Compare with a target, count it and say so."""
        self.met.append(bool(least <= value <= most))
        limit = f">= {least:g}" if math.isinf(most) else f"<= {most:g}"
        return f"target {limit}: {'met' if self.met[-1] else 'NOT met'}"


def cut(value: float) -> str:
    """Return three significant digits of a positive number, rounded down."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    kept = math.floor(value / unit * (1 + 1e-12)) * unit
    return f"{kept:,.0f}" if value >= 100 else f"{kept:.3g}"


def take_turns(cases: Cases, repeats: int) -> tuple[Any, Any]:
    """Return processor and wall-clock seconds of the cases, by name: one of each in every round."""
    processor, wall = ({name: np.empty(repeats) for name in cases} for _ in range(2))
    for turn in range(repeats):
        for name, run in cases.items():
            start = time.process_time(), time.perf_counter()
            run()
            processor[name][turn] = time.process_time() - start[0]
            wall[name][turn] = time.perf_counter() - start[1]
    return processor, wall


def machine(report: Report) -> None:
    """Say what the figures are measured on."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    name = f"{found[1] if found else 'unknown'} ({llvmlite.binding.get_host_cpu_name()})"
    wide = bool(llvmlite.binding.get_host_cpu_features().get("avx512f"))
    cores, load = joblib.cpu_count(), os.getloadavg()[0]
    busy = "  WARNING: busy, so wall-clock times say little" if load > 0.25 * cores else ""
    text = f"{name}, {cores} cores, {'with' if wide else 'WITHOUT'} AVX-512"
    report.note("processor", text, text)
    report.note("load average at start", f"{load:.2f}{busy}", load)
