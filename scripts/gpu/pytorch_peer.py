#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Logistic regression or networks with Adam in PyTorch on the data, row orders and first parameters that gpu_train_bench wrote: eager, with each step replayed from
a CUDA graph, and that with rows, model and loss compiled by torch.compile; Adam is the fused one in all of them. After each of its runs it prints a line: all so far as
a JSON object. A way that does not work, or whose compilation finds no time, is reported with the reason. Without a card it runs on the CPU, where steps that a graph
would replay are taken one by one: to try the script.
Rows come in the orders that the file says, or as they lie (file): then no order is read, and eager steps take views.
Usage: pytorch_peer.py FOLDER shuffled|file|shuffled,file ROWS COLUMNS EPOCHS BATCH,BATCH,... (0: all rows) [OUTPUTS HIDDEN,HIDDEN,...]"""
import dataclasses
import gc
import json
import statistics
import sys
import time

import numpy
import torch

HELD_OUT = 100000
EAGER_STEPS_AT_MOST = 2000  # eager steps are slow: a part of an epoch is timed, and scaled up
COMPILE_SECONDS = 15.0  # no compilation begins after so many spent on it
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def synchronize():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def load(folder, rows, columns):
    x = numpy.fromfile(f"{folder}/x.f32", dtype=numpy.float32).reshape(rows + HELD_OUT, columns)
    y = numpy.fromfile(f"{folder}/y.f32", dtype=numpy.float32)
    return torch.from_numpy(x).to(DEVICE), torch.from_numpy(y).to(DEVICE)


def order_of(folder, epoch):
    return torch.from_numpy(numpy.fromfile(f"{folder}/order.{epoch}.i32", dtype=numpy.int32).astype(numpy.int64)).to(DEVICE)


class Shape:
    """Layers of the model, with the numbers that training begins with."""

    def __init__(self, folder, columns, words):
        self.outputs = int(words[0]) if words else 1
        hidden = [int(width) for width in words[1].split(",")] if words else []
        self.widths = [columns, *hidden, self.outputs]
        self.start = torch.from_numpy(numpy.fromfile(f"{folder}/start.f32", dtype=numpy.float32)).to(DEVICE)

    def layers(self):
        parts = []
        for inputs, outputs in zip(self.widths, self.widths[1:]):
            parts += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
        return torch.nn.Sequential(*parts[:-1]).to(DEVICE)

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
    def __init__(self, x, y, rows, batch, shape, compiled=False):
        self.x, self.y, self.rows, self.batch, self.shape = x, y, rows, batch, shape
        self.model = shape.layers()
        shape.begin(self.model)
        # The fused Adam keeps its step on the card, so a graph can hold it; `capturable` says so to the checks of the base class.
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-2, capturable=DEVICE == "cuda", fused=True)
        self.batch_loss = torch.compile(self.loss_of, dynamic=False) if compiled else self.loss_of

    def loss_of(self, which):
        if isinstance(which, slice):
            return self.shape.loss(self.model(self.x[which]), self.y[which])
        return self.shape.loss(self.model(self.x.index_select(0, which)), self.y.index_select(0, which))

    def step(self, which):
        self.optimizer.zero_grad(set_to_none=True)
        self.batch_loss(which).backward()
        self.optimizer.step()

    def held_out_loss(self):
        with torch.no_grad():
            scores, targets = self.model(self.x[self.rows :]).double(), self.y[self.rows :]
            return self.shape.loss(scores, targets if self.shape.outputs > 1 else targets.double()).item()


def eager(x, y, rows, batch, in_file_order, folder, shape):
    trainer = Trainer(x, y, rows, batch, shape)
    order = None if in_file_order else order_of(folder, 0)

    def one(start):
        which = slice(start, min(start + batch, rows))
        trainer.step(which if in_file_order else order[which])

    starts = list(range(0, rows, batch))[:EAGER_STEPS_AT_MOST]
    for start in starts[:20]:
        one(start)
    synchronize()
    parts = []
    for part in range(5):
        mine = starts[part * len(starts) // 5 : (part + 1) * len(starts) // 5]
        begin = time.perf_counter()
        for start in mine:
            one(start)
        synchronize()
        if mine:
            parts.append((time.perf_counter() - begin) / len(mine) * 1e6)
    return {"step_us": statistics.median(parts), "low": min(parts), "high": max(parts), "steps_timed": len(starts)}


def replays(one, sizes, position):
    """For each size of batch a call that takes one step, from a CUDA graph where there is a card."""
    if DEVICE != "cuda":
        for size in sizes:
            position.zero_()
            one(size)
        return {size: lambda size=size: one(size) for size in sizes}
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for size in [size for size in sizes for _ in range(3)]:
            position.zero_()
            one(size)
    torch.cuda.current_stream().wait_stream(side)
    graphs = {}
    for size in sizes:
        graphs[size] = torch.cuda.CUDAGraph()
        position.zero_()
        with torch.cuda.graph(graphs[size]):
            one(size)
    return {size: graph.replay for size, graph in graphs.items()}


def graphed(x, y, rows, batch, in_file_order, epochs, folder, shape, compiled=False):
    """One graph a size of batch; the position within the epoch lives on the device and moves on with every replay. A graph's memory is fixed, so in file order too rows are
    gathered, one after another."""
    trainer = Trainer(x, y, rows, batch, shape, compiled)
    order = None if in_file_order else order_of(folder, 0)
    position = torch.zeros(1, dtype=torch.int64, device=DEVICE)

    def one(size):
        places = position + torch.arange(size, device=DEVICE)
        trainer.step(places if in_file_order else order[places])
        position.add_(size)

    begin = time.perf_counter()
    replay = replays(one, sorted({batch, rows % batch} - {0}), position)
    synchronize()
    capture_seconds = time.perf_counter() - begin
    shape.begin(trainer.model)  # again
    with torch.no_grad():
        for parameter in trainer.model.parameters():
            for value in trainer.optimizer.state[parameter].values():
                value.zero_()
    seconds, losses = [], []
    for epoch in range(epochs):
        if not in_file_order:
            order.copy_(order_of(folder, epoch))
        position.zero_()
        synchronize()
        begin = time.perf_counter()
        for _ in range(rows // batch):
            replay[batch]()
        if rows % batch:
            replay[rows % batch]()
        synchronize()
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


@dataclasses.dataclass
class Ways:
    """What all ways train on."""

    x: torch.Tensor
    y: torch.Tensor
    rows: int
    epochs: int
    folder: str
    shape: Shape

    def data(self, run):
        return self.x, self.y, self.rows, run["batch"] or self.rows, run["order"] == "file"


def attempt(way):
    """What `way` gives, or why it gives nothing."""
    try:
        return way()
    except Exception as error:  # whatever goes wrong in one way leaves the others
        gc.collect()
        if DEVICE == "cuda":
            torch.cuda.empty_cache()
        return {"missing": f"{type(error).__name__}: {(str(error).strip() or 'no message').splitlines()[0]}"}


def measure(runs, ways):
    """Adds to each run the two ways that always have time, then, while there is time to compile, the third; tells after each run what there is by then."""
    for run in runs:
        run["eager"] = attempt(lambda: eager(*ways.data(run), ways.folder, ways.shape))
        run["graphed"] = attempt(lambda: graphed(*ways.data(run), ways.epochs, ways.folder, ways.shape))
        run["compiled_graphed"] = {"missing": "the script ended before"}
        yield
    spent = 0.0
    for run in runs:
        if spent >= COMPILE_SECONDS:
            run["compiled_graphed"] = {"missing": f"the {COMPILE_SECONDS:.0f} seconds for compiling were spent"}
            continue
        torch.compiler.reset()  # else the sizes before this one count against the limit of recompilations
        begin = time.perf_counter()
        run["compiled_graphed"] = attempt(lambda: graphed(*ways.data(run), ways.epochs, ways.folder, ways.shape, compiled=True))
        spent += run["compiled_graphed"].get("capture_seconds", time.perf_counter() - begin)
        yield
    yield


def main():
    folder, orders = sys.argv[1], sys.argv[2].split(",")
    rows, columns, epochs = map(int, sys.argv[3:6])
    torch.backends.cuda.matmul.allow_tf32 = False
    x, y = load(folder, rows, columns)
    shape = Shape(folder, columns, sys.argv[7:9])
    if shape.outputs > 1:
        y = y.long()
    graph = "one torch.cuda.CUDAGraph replay a step, rows gathered inside it" if DEVICE == "cuda" else "no graph: there is no card"
    settings = {
        "all": f"layers {shape.widths}, ReLU, Adam lr 1e-2, fused=True, TF32 off",
        "graphed": f"capturable=True, {graph}",
        "compiled_graphed": "the same, rows, model and loss by torch.compile(dynamic=False), its time in capture_seconds",
    }
    runs = [{"batch": int(word), "order": order} for word in sys.argv[6].split(",") for order in orders]
    result = {"torch": torch.__version__, "cuda": torch.version.cuda, "device": DEVICE, "settings": settings, "runs": runs}
    for _ in measure(runs, Ways(x, y, rows, epochs, folder, shape)):
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
