#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes opt_nadam.json and opt_nadam_wd.json with a current PyTorch, in the form of the other opt_*.json files.

PyTorch 1.13, which made those, multiplied mu_t twice into NAdam's correction; PyTorch 2 does not. The default type is float64, because
NAdam keeps its product of momenta in the default type.  usage: make_nadam.py GOLDEN_FOLDER"""
import json
import sys

import torch

torch.set_default_dtype(torch.float64)
folder = sys.argv[1]
problem = json.load(open(f"{folder}/problem.json"))
x, y = torch.tensor(problem["X"]), torch.tensor(problem["y"])
steps = 20


def trajectory(arguments, batches):
    w, b = (torch.tensor(problem[name], requires_grad=True) for name in ("w0", "b0"))
    optimizer = torch.optim.NAdam([w, b], **arguments)
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


for name, arguments in {"opt_nadam": {"lr": 0.05}, "opt_nadam_wd": {"lr": 0.05, "weight_decay": 0.05, "momentum_decay": 0.01}}.items():
    minibatch, state = trajectory(arguments, lambda t: list(range(4 * (t % 4), 4 * (t % 4) + 4)))
    full, _ = trajectory(arguments, lambda t: list(range(16)))
    meta = {"torch": torch.__version__, "steps": steps, "dtype": "float64", "order": "w0,w1,w2,b"}
    record = {"meta": meta, "name": name[4:], "class": "NAdam", "args": arguments, "minibatch": minibatch, "final_state_w": state, "full": full}
    json.dump(record, open(f"{folder}/{name}.json", "w"), indent=1)
