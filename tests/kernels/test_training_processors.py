"""The same training runs on processors with other vector widths, to the last bit."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import hashlib
from priorvol import Architecture, Task, TrainingSet
from priorvol.training import replay_run
S = TrainingSet([0, 3, 7, 13, 20, 29, 30, 31], [0, 1, 1, 0, 1, 0, 1, 1])
names = ("relu", "leaky_relu", "tanh", "erf", "sigmoid", "gelu", "softplus", "sin", "linear")
rules = ("sgd", "adam", "adagrad", "rmsprop", "adadelta", "langevin")
for number, activation in enumerate(names):
    optimizer = rules[number % len(rules)]
    settings = {"optimizer": optimizer, "loss": ("mse", "cross_entropy")[number % 2]}
    if optimizer == "sgd":
        settings["momentum"] = 0.5
    if optimizer == "langevin":
        settings["temperature"] = 0.1
    for hidden, batch in (((21, 12), None), ((7, 50, 9), 3)):
        run = replay_run(Task(Architecture(5, hidden, activation)), S, run=number,
            stop="epochs=8", batch_size=batch, schedule="inverse", schedule_epochs=5,
            weight_decay=0.01, **settings)
        digest = hashlib.sha256()
        for W, b in run.parameters["epochs=8"]:
            digest.update(W.tobytes() + b.tobytes())
        print(activation, optimizer, digest.hexdigest())
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="names x86-64 processors")
@pytest.mark.parametrize(
    ("name", "features"), [("haswell", "+avx,+avx2,+fma"), ("nehalem", "+sse4.2")]
)
def test_other_vector_widths_give_the_same_parameters(tmp_path, name, features):
    """Compiled anew for 256-bit vectors with fma, and for 128-bit vectors without."""
    here = run(tmp_path, {})
    other = run(tmp_path, {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features})
    assert here == other


def run(folder, variables):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / str(len(variables)))} | variables
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.count("\n") == 18
    return done.stdout
