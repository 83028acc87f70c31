"""The same draws on processors with other vector widths."""

import pytest
from other_processors import OTHERS, assert_same_output, only_x86_64

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
for activation in ("relu", "tanh"):
    task = Task(Architecture(5, (12, 12), activation))
    table = posterior(task, S, n_proposals=4e6, angles=4, n_jobs=1)
    print("planes", activation, hashlib.sha256(table.rows.tobytes()).hexdigest())
"""


@pytest.mark.slow
@only_x86_64
@pytest.mark.parametrize(("name", "features"), OTHERS)
def test_other_vector_widths_give_the_same_table(tmp_path, name, features):
    assert_same_output(tmp_path, PROGRAM, 12, name, features)
