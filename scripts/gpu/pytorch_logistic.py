#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Logistic regression with Adam in PyTorch on the data and row orders that gpu_train_bench wrote: eager, then with each step replayed from a CUDA graph.
Prints one JSON object. Usage: pytorch_logistic.py FOLDER ROWS COLUMNS EPOCHS BATCH,BATCH,... (0: all rows)"""
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


class Trainer:
    def __init__(self, x, y, rows, batch, capturable):
        self.x, self.y, self.rows, self.batch = x, y, rows, batch
        self.model = torch.nn.Linear(x.shape[1], 1).cuda()
        torch.nn.init.zeros_(self.model.weight)
        torch.nn.init.zeros_(self.model.bias)
        self.loss = torch.nn.BCEWithLogitsLoss()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-2, capturable=capturable, fused=not capturable)

    def step(self, index):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.model(self.x.index_select(0, index)).squeeze(1), self.y.index_select(0, index))
        loss.backward()
        self.optimizer.step()

    def held_out_loss(self):
        with torch.no_grad():
            scores = self.model(self.x[self.rows :]).squeeze(1).double()
            return torch.nn.functional.binary_cross_entropy_with_logits(scores, self.y[self.rows :].double()).item()


def eager(x, y, rows, batch, folder):
    trainer = Trainer(x, y, rows, batch, capturable=False)
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


def graphed(x, y, rows, batch, epochs, folder):
    """One graph a size of batch; the position within the epoch lives on the device and moves on with every replay."""
    trainer = Trainer(x, y, rows, batch, capturable=True)
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
    with torch.no_grad():  # begin again from zero
        for parameter in trainer.model.parameters():
            parameter.zero_()
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
    result = {"torch": torch.__version__, "cuda": torch.version.cuda, "settings": "Linear + BCEWithLogitsLoss, Adam lr 1e-2, TF32 off", "runs": []}
    for word in sys.argv[5].split(","):
        batch = int(word) or rows
        run = {"batch": int(word), "eager": eager(x, y, rows, batch, folder), "graphed": graphed(x, y, rows, batch, epochs, folder)}
        run["eager"]["settings"] = "fused=True"
        run["graphed"]["settings"] = "capturable=True, one torch.cuda.CUDAGraph replay a step, rows gathered inside it"
        result["runs"].append(run)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
