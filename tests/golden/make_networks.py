#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes networks.json: trajectories of small networks with PyTorch, in float64, for every activation and several optimizers and losses, from
the same start on the same batches. Run with PyTorch 2.15.0 (pip install torch==2.15.0), CPU.  usage: make_networks.py GOLDEN_FOLDER"""
import json
import sys

import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(1)
folder = sys.argv[1]
rows, features, hidden, batch, steps = 16, 3, [5, 4], 4, 24
nn, optim, functional = torch.nn, torch.optim, torch.nn.functional

x = torch.randn(rows, features).mul(64).round().div(64)
signal = torch.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2]
targets = {"squared": signal.mul(64).round().div(64), "logistic": (signal > 0).double(), "softmax": ((signal > -0.5).long() + (signal > 0.5)).double()}

activations = {"relu": (nn.ReLU, {}), "leaky_relu": (nn.LeakyReLU, {"negative_slope": 0.125}), "elu": (nn.ELU, {"alpha": 0.75}),
               "gelu": (nn.GELU, {}), "gelu_tanh": (nn.GELU, {"approximate": "tanh"}), "silu": (nn.SiLU, {}), "tanh": (nn.Tanh, {}),
               "sigmoid": (nn.Sigmoid, {}), "identity": (nn.Identity, {})}
optimizers = {"sgd": (optim.SGD, {"lr": 0.1, "momentum": 0.9}), "adam": (optim.Adam, {"lr": 0.01}),
              "adamw": (optim.AdamW, {"lr": 0.01, "weight_decay": 0.1}), "rmsprop": (optim.RMSprop, {"lr": 0.01}),
              "adagrad": (optim.Adagrad, {"lr": 0.05}), "nadam": (optim.NAdam, {"lr": 0.01})}


def loss_of(name, scores, y, smoothing):
    if name == "squared":
        return 0.5 * (scores[:, 0] - y).square().mean()
    if name == "logistic":
        return functional.binary_cross_entropy_with_logits(scores[:, 0], y * (1 - smoothing) + smoothing / 2)
    return functional.cross_entropy(scores, y.long(), label_smoothing=smoothing)


def run(name, activation, optimizer, loss, smoothing=0.0):
    kind, arguments = activations[activation]
    outputs = 3 if loss == "softmax" else 1
    widths, layers = [features, *hidden, outputs], []
    for i in range(len(widths) - 1):
        layers += [nn.Linear(widths[i], widths[i + 1])] + ([kind(**arguments)] if i + 2 < len(widths) else [])
    model = nn.Sequential(*layers)
    weights = [p for n, p in model.named_parameters() if n.endswith("weight")]
    biases = [p for n, p in model.named_parameters() if n.endswith("bias")]
    rule, settings = optimizers[optimizer]
    # Decay spares biases, as Glissade's does.
    stepper = rule([{"params": weights}, {"params": biases, **({"weight_decay": 0.0} if "weight_decay" in settings else {})}], **settings)
    point = lambda: torch.cat([p.detach().flatten() for p in model.parameters()]).tolist()
    out = {"name": name, "activation": activation, "activation_settings": arguments, "optimizer": optimizer, "settings": settings,
           "loss": loss, "label_smoothing": smoothing, "outputs": outputs, "start": point(), "losses": [], "parameters": {}}
    for t in range(steps):
        begin = batch * (t % (rows // batch))
        part = slice(begin, begin + batch)
        stepper.zero_grad()
        value = loss_of(loss, model(x[part]), targets[loss][part], smoothing)
        value.backward()
        stepper.step()
        out["losses"].append(value.item())
        if t + 1 in (1, rows // batch, steps):
            out["parameters"][str(t + 1)] = point()
    return out


runs = [run(f"activation {a}", a, "sgd", "softmax") for a in activations]
runs += [run(f"optimizer {o}", "tanh", o, "logistic") for o in optimizers]
runs += [run(f"loss {loss}", "gelu", "adam", loss) for loss in targets]
runs += [run(f"smoothed {loss}", "silu", "adam", loss, 0.125) for loss in ("logistic", "softmax")]
record = {"meta": {"torch": torch.__version__, "dtype": "float64", "batch": batch, "hidden": hidden}, "x": x.tolist(),
          "targets": {name: y.tolist() for name, y in targets.items()}, "runs": runs}
json.dump(record, open(f"{folder}/networks.json", "w"), indent=1)
