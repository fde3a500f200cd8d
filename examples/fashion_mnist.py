# SPDX-License-Identifier: Apache-2.0
"""Fashion-MNIST in ten lines: softmax regression on the four IDX files of a folder (Debian: the package dataset-fashion-mnist)."""

import sys

import glissade

folder = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist"
data = glissade.Dataset.from_file(
    f"{folder}/train-images-idx3-ubyte.gz", target_file=f"{folder}/train-labels-idx1-ubyte.gz", task="classification"
)
run = glissade.train(data, epochs=5)
for epoch in run.history:
    print(f"epoch {epoch['epoch']}: loss {epoch['loss']:.4f}")
test = run.model.read(f"{folder}/t10k-images-idx3-ubyte.gz", target_file=f"{folder}/t10k-labels-idx1-ubyte.gz")
print(f"accuracy {run.model.evaluate(test)['accuracy']:.4f}")
