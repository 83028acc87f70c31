"""The same draws on processors with other vector widths."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import hashlib, math
from priorvol import Architecture, Task, TrainingSet, collect, posterior
for activation in ("relu", "tanh", "erf", "sigmoid", "gelu", "softplus", "sin"):
    table = collect(Task(Architecture(5, (12, 12), activation)), n_samples=5000, n_jobs=1)
    print(activation, hashlib.sha256(table.rows.tobytes()).hexdigest())
task = Task(Architecture(5, (math.inf, math.inf)))
table = collect(task, n_samples=5000, n_jobs=1)
print("infinite", hashlib.sha256(table.rows.tobytes()).hexdigest())
S = TrainingSet([0, 3, 7, 13, 20, 29], [0, 1, 1, 0, 1, 0])
for chain in (1, 64):
    table = posterior(task, S, n_samples=1280, chain_length=chain, n_jobs=1)
    print("posterior", chain, hashlib.sha256(table.rows.tobytes()).hexdigest())
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="names x86-64 processors")
@pytest.mark.parametrize(
    ("name", "features"), [("haswell", "+avx,+avx2,+fma"), ("nehalem", "+sse4.2")]
)
def test_other_vector_widths_give_the_same_table(tmp_path, name, features):
    """Compiled anew for 256-bit vectors with fma, and for 128-bit vectors without."""
    here = run(tmp_path, {})
    other = run(tmp_path, {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features})
    assert here == other


def run(folder, variables):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / str(len(variables)))} | variables
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.count("\n") == 10
    return done.stdout
