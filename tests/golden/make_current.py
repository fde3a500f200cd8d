#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the trajectories of NAdam, RAdam, AdamW (plain, with weight decay and with decoupled weight decay) and ASGD with a current PyTorch,
in the form of the other opt_*.json files. Run with PyTorch 2.15.0 (pip install torch==2.15.0), CPU.

PyTorch 1.13, which made the others, multiplied mu_t twice into NAdam's correction and had no decoupled decay for NAdam and RAdam. The
default type is float64, because NAdam keeps its product of momenta, and ASGD its rate, in the default type.  usage: make_current.py GOLDEN_FOLDER"""
import json
import sys

import torch

torch.set_default_dtype(torch.float64)
folder = sys.argv[1]
problem = json.load(open(f"{folder}/problem.json"))
x, y = torch.tensor(problem["X"]), torch.tensor(problem["y"])
steps = 20
runs = {
    "nadam": ("NAdam", {"lr": 0.05}),
    "nadam_wd": ("NAdam", {"lr": 0.05, "weight_decay": 0.05, "momentum_decay": 0.01}),
    "nadam_decoupled_wd": ("NAdam", {"lr": 0.05, "weight_decay": 0.2, "decoupled_weight_decay": True}),
    "radam": ("RAdam", {"lr": 0.05}),
    "radam_wd_betas": ("RAdam", {"lr": 0.05, "weight_decay": 0.05, "betas": [0.8, 0.95]}),
    "radam_decoupled_wd": ("RAdam", {"lr": 0.05, "weight_decay": 0.2, "betas": [0.8, 0.95], "decoupled_weight_decay": True}),
    "asgd": ("ASGD", {"lr": 0.1, "lambd": 0.01, "alpha": 0.75, "t0": 5}),
    "adamw": ("AdamW", {"lr": 0.05}),
    "adamw_wd": ("AdamW", {"lr": 0.05, "weight_decay": 0.2}),
    "adamw_amsgrad": ("AdamW", {"lr": 0.05, "weight_decay": 0.2, "amsgrad": True}),
}


def trajectory(kind, arguments, batches):
    w, b = (torch.tensor(problem[name], requires_grad=True) for name in ("w0", "b0"))
    optimizer = getattr(torch.optim, kind)([w, b], **arguments)
    point = lambda: w.detach().tolist() + b.detach().tolist()
    out = {"params": [point()], "loss": [], "grad": []}
    for t in range(steps):
        rows = batches(t)
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(x[rows] @ w + b[0], y[rows])
        loss.backward()
        out["loss"].append(loss.item())
        out["grad"].append(w.grad.tolist() + b.grad.tolist())
        optimizer.step()
        out["params"].append(point())
    return out, {name: value.tolist() for name, value in optimizer.state[w].items()}


for name, (kind, arguments) in runs.items():
    minibatch, state = trajectory(kind, arguments, lambda t: list(range(4 * (t % 4), 4 * (t % 4) + 4)))
    full, _ = trajectory(kind, arguments, lambda t: list(range(16)))
    meta = {"torch": torch.__version__, "steps": steps, "dtype": "float64", "order": "w0,w1,w2,b"}
    record = {"meta": meta, "name": name, "class": kind, "args": arguments, "minibatch": minibatch, "final_state_w": state, "full": full}
    json.dump(record, open(f"{folder}/opt_{name}.json", "w"), indent=1)
