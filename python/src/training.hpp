// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include <utility>

#include "glissade/trainer.hpp"

namespace glissade::python {

/// What watches a run: Python's signals, and the caller's function where there is one. To be called without the interpreter's lock.
class Watcher {
public:
    explicit Watcher(nanobind::object callback) : callback_(std::move(callback)) {}

    bool interrupted() const { return interrupted_; }
    bool stopped() const { return stopped_; }  ///< it has said that the run is to end
    Control look(const Progress& progress);

private:
    nanobind::object callback_;
    bool interrupted_ = false, stopped_ = false;
};

nanobind::dict dict_of(const EpochRecord& record);

void bind_training(nanobind::module_& module);

}  // namespace glissade::python
