#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes d2l.json: trajectories on the airfoil data of the optimizers that "Dive into Deep Learning" writes out (section Optimization
Algorithms), in plain Python, float64, nothing shuffled; the data as for airfoil.json. theta = five weights, then the bias.

usage: make_d2l.py AIRFOIL_FILE GOLDEN_FOLDER"""
import json
import math
import sys

rows = [list(map(float, line.split())) for line in open(sys.argv[1])]
mean = [sum(r[j] for r in rows) / len(rows) for j in range(6)]
deviation = [math.sqrt(sum((r[j] - mean[j]) ** 2 for r in rows) / len(rows)) for j in range(6)]
z = [[(r[j] - mean[j]) / deviation[j] for j in range(6)] for r in rows][:1500]
batch, steps = 10, 150


def gradient(p, chosen):
    g = [0.0] * 6
    for r in chosen:
        error = sum(a * b for a, b in zip(r[:5], p)) + p[5] - r[5]
        for j in range(5):
            g[j] += error * r[j]
        g[5] += error
    return [q / len(chosen) for q in g]


def adagrad(p, g, s, t, lr=0.1, eps=1e-6):
    s[0] += g * g
    return p - lr * g / math.sqrt(s[0] + eps)


def rmsprop(p, g, s, t, lr=0.01, gamma=0.9, eps=1e-6):
    s[0] = gamma * s[0] + (1 - gamma) * g * g
    return p - lr * g / math.sqrt(s[0] + eps)


def adam(p, g, s, t, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-6):
    s[0] = beta1 * s[0] + (1 - beta1) * g
    s[1] = beta2 * s[1] + (1 - beta2) * g * g
    return p - lr * (s[0] / (1 - beta1**t)) / (math.sqrt(s[1] / (1 - beta2**t)) + eps)


def run(rule):
    p, state, points = [0.0] * 6, [[0.0, 0.0] for _ in range(6)], []
    for t in range(1, steps + 1):
        g = gradient(p, z[(t - 1) * batch : t * batch])
        p = [rule(p[j], g[j], state[j], t) for j in range(6)]
        points.append(p)
    return {"optimizer": rule.__name__, "lr": 0.1 if rule is adagrad else 0.01, "first_20_steps": points[:20], "end": points[-1]}


record = {"batch_size": batch, "steps": steps, "runs": [run(rule) for rule in (adagrad, rmsprop, adam)]}
json.dump(record, open(f"{sys.argv[2]}/d2l.json", "w"), indent=1)
