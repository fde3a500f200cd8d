#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes keras.json: 20 steps of optimizers of Keras 3 (torch backend, float64) on the problem of problem.json, batches of four rows in
order, the rate falling by 5 % a step: a momentum that holds steps differs there from one that holds gradients. Names and settings are
ours.  usage: make_keras.py GOLDEN_FOLDER"""
import json
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import torch

keras.config.set_floatx("float64")
torch.set_default_dtype(torch.float64)
folder = sys.argv[1]
problem = json.load(open(f"{folder}/problem.json"))
x, y = torch.tensor(problem["X"]), torch.tensor(problem["y"])
steps = 20
O = keras.optimizers
runs = {
    "sgd": (O.SGD(0.1, momentum=0.9), {"momentum": 0.9, "rate_in_buffer": True}),
    "sgd_nesterov": (O.SGD(0.1, momentum=0.9, nesterov=True), {"momentum": 0.9, "nesterov": True, "rate_in_buffer": True}),
    "rmsprop": (O.RMSprop(0.01), {"alpha": 0.9, "eps": 1e-7, "eps_in_root": True}),
    "rmsprop_momentum_centered": (
        O.RMSprop(0.01, momentum=0.9, centered=True),
        {"alpha": 0.9, "momentum": 0.9, "centered": True, "eps": 1e-7, "eps_in_root": True, "rate_in_buffer": True},
    ),
    "adagrad": (O.Adagrad(0.1), {"initial_accumulator_value": 0.1, "eps": 1e-7, "eps_in_root": True}),
    "adadelta": (O.Adadelta(1.0), {"rho": 0.95, "eps": 1e-7}),
    "adam": (O.Adam(0.05), {"eps": 1e-7, "eps_uncorrected": True}),
    "adam_eps": (O.Adam(0.05, epsilon=1e-2, amsgrad=True), {"eps": 1e-2, "amsgrad": True, "eps_uncorrected": True}),
    "adamw": (O.AdamW(0.05, weight_decay=0.2), {"eps": 1e-7, "eps_uncorrected": True, "weight_decay": 0.2}),
    "lion": (O.Lion(0.01), {}),
}


def trajectory(optimizer):
    first = float(optimizer.learning_rate)
    theta = keras.Variable(problem["w0"] + problem["b0"], dtype="float64")
    out = {"rates": [], "params": [theta.numpy().tolist()], "loss": []}
    for t in range(steps):
        rows = list(range(4 * (t % 4), 4 * (t % 4) + 4))
        point = torch.tensor(theta.numpy(), requires_grad=True)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(x[rows] @ point[:3] + point[3], y[rows])
        loss.backward()
        out["rates"].append(first * 0.95**t)
        optimizer.learning_rate = out["rates"][-1]
        optimizer.apply([point.grad.detach()], [theta])
        out["loss"].append(loss.item())
        out["params"].append(theta.numpy().tolist())
    return out


record = {"meta": {"keras": keras.__version__, "torch": torch.__version__}, "runs": {}}
for name, (optimizer, ours) in runs.items():
    record["runs"][name] = {"class": name.split("_")[0], "args": ours, **trajectory(optimizer)}
json.dump(record, open(f"{folder}/keras.json", "w"), indent=1)
