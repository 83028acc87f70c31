"""The same training runs on processors with other vector widths, to the last bit."""

import pytest
from other_processors import OTHERS, assert_same_output, only_x86_64

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
@only_x86_64
@pytest.mark.parametrize(("name", "features"), OTHERS)
def test_other_vector_widths_give_the_same_parameters(tmp_path, name, features):
    assert_same_output(tmp_path, PROGRAM, 18, name, features)
