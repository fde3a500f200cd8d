// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every function here may be called from several threads at once, also on the same const object: data sets and models that nobody writes to
// can be shared by any number of runs and predictions. What throws, and what: error.hpp.
//
// The order of these headers is the path of the data: a data set becomes a row order, rules and schedules make steps of it, a trainer runs
// them on a device, and out come a model, metrics and checkpoints.
// clang-format off
#include "glissade/error.hpp"
#include "glissade/matrix_view.hpp"
#include "glissade/sparse_view.hpp"
#include "glissade/dataset.hpp"
#include "glissade/preparation.hpp"
#include "glissade/random.hpp"
#include "glissade/row_order.hpp"
#include "glissade/optimizer.hpp"
#include "glissade/layers.hpp"
#include "glissade/activation.hpp"
#include "glissade/schedule.hpp"
#include "glissade/averaging.hpp"
#include "glissade/population.hpp"
#include "glissade/device.hpp"
#include "glissade/model.hpp"
#include "glissade/trainer.hpp"
#include "glissade/metrics.hpp"
#include "glissade/checkpoint.hpp"
