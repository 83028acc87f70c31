"""How tests compare numbers: with an error that is computed, never guessed."""

import numpy as np


def assert_within(estimate, truth, standard_error, sigmas=5):
    """Fail unless every estimate lies within ``sigmas`` standard errors of the truth.

    Parameters
    ----------
    estimate, truth, standard_error : array-like
        Broadcast together. A standard error of 0 demands equality; nan, infinite and negative ones
        fail, and so does an empty comparison.
    sigmas : float
    """
    estimate, truth, error = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (estimate, truth, standard_error))
    )
    assert estimate.size > 0, "nothing to compare"
    assert np.isfinite(error).all() and (error >= 0).all(), f"bad standard error: {error}"
    # nan must fail, hence the negated comparison
    wrong = ~(np.abs(estimate - truth) <= sigmas * error)
    assert not wrong.any(), "beyond {} standard errors: {}".format(
        sigmas,
        "; ".join(
            f"{e!r} against {t!r} +- {s!r}"
            for e, t, s in zip(
                estimate[wrong][:5].tolist(),
                truth[wrong][:5].tolist(),
                error[wrong][:5].tolist(),
                strict=True,
            )
        ),
    )
