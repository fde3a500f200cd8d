#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Logistic regression or networks with Adam in PyTorch on the data, row orders and first parameters that gpu_train_bench wrote: eager, then with each step
replayed from a CUDA graph. Prints one JSON object. Usage: pytorch_peer.py FOLDER ROWS COLUMNS EPOCHS BATCH,BATCH,... (0: all rows) [OUTPUTS HIDDEN,HIDDEN,...]"""
import json
import statistics
import sys
import time

import numpy
import torch

HELD_OUT = 100000
EAGER_STEPS_AT_MOST = 2000  # eager steps are slow: a part of an epoch is timed, and scaled up


def load(folder, rows, columns):
    x = numpy.fromfile(f"{folder}/x.f32", dtype=numpy.float32).reshape(rows + HELD_OUT, columns)
    y = numpy.fromfile(f"{folder}/y.f32", dtype=numpy.float32)
    return torch.from_numpy(x).cuda(), torch.from_numpy(y).cuda()


def order_of(folder, epoch):
    return torch.from_numpy(numpy.fromfile(f"{folder}/order.{epoch}.i32", dtype=numpy.int32).astype(numpy.int64)).cuda()


class Shape:
    """Layers of the model, with the numbers that training begins with."""

    def __init__(self, folder, columns, words):
        self.outputs = int(words[0]) if words else 1
        hidden = [int(width) for width in words[1].split(",")] if words else []
        self.widths = [columns, *hidden, self.outputs]
        self.start = torch.from_numpy(numpy.fromfile(f"{folder}/start.f32", dtype=numpy.float32)).cuda()

    def layers(self):
        parts = []
        for inputs, outputs in zip(self.widths, self.widths[1:]):
            parts += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
        return torch.nn.Sequential(*parts[:-1]).cuda()

    def begin(self, model):
        at = 0
        with torch.no_grad():
            for parameter in model.parameters():  # weight, then bias, layer by layer, as in the file
                parameter.copy_(self.start[at : at + parameter.numel()].view_as(parameter))
                at += parameter.numel()

    def loss(self, scores, targets):
        if self.outputs > 1:
            return torch.nn.functional.cross_entropy(scores, targets)
        return torch.nn.functional.binary_cross_entropy_with_logits(scores.squeeze(1), targets)


class Trainer:
    def __init__(self, x, y, rows, batch, capturable, shape):
        self.x, self.y, self.rows, self.batch, self.shape = x, y, rows, batch, shape
        self.model = shape.layers()
        shape.begin(self.model)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-2, capturable=capturable, fused=not capturable)

    def step(self, index):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.shape.loss(self.model(self.x.index_select(0, index)), self.y.index_select(0, index))
        loss.backward()
        self.optimizer.step()

    def held_out_loss(self):
        with torch.no_grad():
            scores, targets = self.model(self.x[self.rows :]).double(), self.y[self.rows :]
            return self.shape.loss(scores, targets if self.shape.outputs > 1 else targets.double()).item()


def eager(x, y, rows, batch, folder, shape):
    trainer = Trainer(x, y, rows, batch, False, shape)
    order = order_of(folder, 0)
    starts = list(range(0, rows, batch))[:EAGER_STEPS_AT_MOST]
    for start in starts[:20]:
        trainer.step(order[start : start + batch])
    torch.cuda.synchronize()
    parts = []
    for part in range(5):
        mine = starts[part * len(starts) // 5 : (part + 1) * len(starts) // 5]
        begin = time.perf_counter()
        for start in mine:
            trainer.step(order[start : start + batch])
        torch.cuda.synchronize()
        if mine:
            parts.append((time.perf_counter() - begin) / len(mine) * 1e6)
    return {"step_us": statistics.median(parts), "low": min(parts), "high": max(parts), "steps_timed": len(starts)}


def graphed(x, y, rows, batch, epochs, folder, shape):
    """One graph a size of batch; the position within the epoch lives on the device and moves on with every replay."""
    trainer = Trainer(x, y, rows, batch, True, shape)
    order = order_of(folder, 0)
    position = torch.zeros(1, dtype=torch.int64, device="cuda")

    def one(size):
        trainer.step(order[position + torch.arange(size, device="cuda")])
        position.add_(size)

    begin = time.perf_counter()
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            position.zero_()
            one(batch)
    torch.cuda.current_stream().wait_stream(side)
    graphs = {}
    for size in {batch, rows % batch} - {0}:
        graphs[size] = torch.cuda.CUDAGraph()
        position.zero_()
        with torch.cuda.graph(graphs[size]):
            one(size)
    torch.cuda.synchronize()
    capture_seconds = time.perf_counter() - begin
    shape.begin(trainer.model)  # again
    with torch.no_grad():
        for parameter in trainer.model.parameters():
            for value in trainer.optimizer.state[parameter].values():
                value.zero_()
    seconds, losses = [], []
    for epoch in range(epochs):
        order.copy_(order_of(folder, epoch))
        position.zero_()
        torch.cuda.synchronize()
        begin = time.perf_counter()
        for _ in range(rows // batch):
            graphs[batch].replay()
        if rows % batch:
            graphs[rows % batch].replay()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
        losses.append(trainer.held_out_loss())
    timed = seconds[1:] or seconds
    median = statistics.median(timed)
    return {
        "epoch_seconds": {"median": median, "low": min(timed), "high": max(timed)},
        "step_us": median / -(-rows // batch) * 1e6,
        "capture_seconds": capture_seconds,
        "held_out_loss": losses,
    }


def main():
    folder = sys.argv[1]
    rows, columns, epochs = map(int, sys.argv[2:5])
    torch.backends.cuda.matmul.allow_tf32 = False
    x, y = load(folder, rows, columns)
    shape = Shape(folder, columns, sys.argv[6:8])
    if shape.outputs > 1:
        y = y.long()
    settings = f"layers {shape.widths}, ReLU, Adam lr 1e-2, TF32 off"
    result = {"torch": torch.__version__, "cuda": torch.version.cuda, "settings": settings, "runs": []}
    for word in sys.argv[5].split(","):
        batch = int(word) or rows
        run = {"batch": int(word)}
        run["eager"] = eager(x, y, rows, batch, folder, shape)
        run["graphed"] = graphed(x, y, rows, batch, epochs, folder, shape)
        run["eager"]["settings"] = "fused=True"
        run["graphed"]["settings"] = "capturable=True, one torch.cuda.CUDAGraph replay a step, rows gathered inside it"
        result["runs"].append(run)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
