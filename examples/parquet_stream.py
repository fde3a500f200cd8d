# SPDX-License-Identifier: Apache-2.0
"""A Parquet file that is learnt from as it is read: one window of rows in memory at a time. Needs pyarrow.

Without an argument it writes such a file first, of 400,000 rows.
"""

import pathlib
import sys
import tempfile

import glissade
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

WINDOW = 50_000  # rows


def write_example(path: pathlib.Path) -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=20)
    with pq.ParquetWriter(path, pa.schema([*((f"x{j}", pa.float32()) for j in range(20)), ("label", pa.string())])) as file:
        for _ in range(8):
            x = rng.normal(size=(WINDOW, 20)).astype(np.float32)
            label = np.where(x @ weights + rng.logistic(size=WINDOW) > 0, "yes", "no")
            file.write_table(pa.table([*x.T, label], schema=file.schema))


def learn(path: pathlib.Path) -> None:
    windows = pq.ParquetFile(path).iter_batches(batch_size=WINDOW)
    labels = ["no", "yes"]
    held_out = glissade.Dataset.from_arrow(pa.Table.from_batches([next(windows)]), target="label", classes=labels)
    model = None
    for window in windows:
        data = glissade.Dataset.from_arrow(pa.Table.from_batches([window]), target="label", classes=labels)
        run = glissade.train(data, loss="logistic", optimizer="sgd", lr=0.1, schedule="constant", batch_size=128, epochs=1, start=model)
        model = run.model
        print(f"{len(data)} rows: held-out loss {model.evaluate(held_out)['loss']:.4f}")
    print(f"accuracy {model.evaluate(held_out)['accuracy']:.4f}")


if len(sys.argv) > 1:
    learn(pathlib.Path(sys.argv[1]))
else:
    with tempfile.TemporaryDirectory() as folder:
        write_example(pathlib.Path(folder, "rows.parquet"))
        learn(pathlib.Path(folder, "rows.parquet"))
