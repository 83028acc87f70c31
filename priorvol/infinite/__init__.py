"""Networks of infinite width: Gaussian expectations, kernels, correlation maps, training."""
