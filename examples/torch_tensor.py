# SPDX-License-Identifier: Apache-2.0
"""A PyTorch tensor is trained on where it lies, and the layers come back as tensors: nothing is copied on the way in, and the weights that
come out are views of one array. Needs PyTorch."""

import glissade
import torch

torch.manual_seed(0)
x = torch.randn(20_000, 16)
y = (x[:, 0] * x[:, 1] + 0.5 * x[:, 2] > 0).double()

data = glissade.Dataset.from_dlpack(x, y.to(x.dtype), task="classification", classes=[0, 1])
run = glissade.train(data, hidden=[32, 16], lr=3e-3, epochs=20)

layers = [(torch.from_dlpack(weights), torch.from_dlpack(biases)) for weights, biases in run.model.layers()]
first = layers[0][0]
assert first.data_ptr() + first.nbytes == layers[0][1].data_ptr()  # side by side, as the library has them

network = torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1)).double()
with torch.no_grad():
    for module, (weights, biases) in zip(network[::2], layers):
        module.weight.data, module.bias.data = weights, biases  # PyTorch's layers have the same layout: views again
    probability = torch.sigmoid(network(x.double())).squeeze()
own = torch.from_dlpack(run.model.predict_proba(data))[:, 1]
print(f"largest difference of a probability: {float((probability - own).abs().max()):.1e}")
print(f"accuracy {float(((probability > 0.5) == (y > 0.5)).double().mean()):.4f}")
