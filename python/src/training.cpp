// SPDX-License-Identifier: Apache-2.0
#include "python/src/training.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <string>
#include <vector>

#include "glissade/device.hpp"
#include "glissade/trainer.hpp"
#include "python/src/held_dataset.hpp"
#include "python/src/options.hpp"
#include "python/src/trained_model.hpp"

namespace nb = nanobind;

namespace glissade::python {
namespace {

nb::dict dict_of(const EpochRecord& record) {
    nb::dict result;
    result["epoch"] = record.epoch;
    result["step"] = record.step;
    result["lr"] = record.lr;
    result["loss"] = record.loss;
    result["seconds"] = record.seconds;
    if (record.validation) result["validation"] = python::dict_of(*record.validation);
    return result;
}

nb::list list_of(const std::vector<EpochRecord>& records) {
    nb::list result;
    for (const EpochRecord& record : records) result.append(dict_of(record));
    return result;
}

nb::dict dict_of(const Progress& progress) {
    nb::dict result;
    result["step"] = progress.step;
    result["total_steps"] = progress.total_steps;
    result["epoch"] = progress.epoch;
    result["total_epochs"] = progress.total_epochs;
    result["loss"] = progress.loss;
    result["lr"] = progress.lr;
    result["seconds"] = progress.seconds;
    result["rows_per_second"] = progress.rows_per_second;
    result["finished_epochs"] = list_of(progress.finished_epochs);
    return result;
}

/// What watches a run: Python's signals, and the caller's function where there is one.
class Watcher {
public:
    explicit Watcher(nb::object callback) : callback_(std::move(callback)) {}

    bool interrupted() const { return interrupted_; }

    Control look(const Progress& progress) {
        const nb::gil_scoped_acquire locked;
        try {
            if (PyErr_CheckSignals() != 0) throw nb::python_error();
            if (callback_.is_none()) return Control::go_on;
            return nb::cast<bool>(nb::bool_(callback_(dict_of(progress)))) ? Control::stop : Control::go_on;
        } catch (const nb::python_error& error) {
            if (!error.matches(PyExc_KeyboardInterrupt)) throw;
            interrupted_ = true;
            return Control::stop;
        }
    }

private:
    nb::object callback_;
    bool interrupted_ = false;
};

nb::dict train_run(const HeldDataset& rows, const nb::dict& settings, nb::object callback) {
    TrainOptions options = options_from(settings);
    Watcher watcher(std::move(callback));
    options.on_segment = [&watcher](const Progress& progress) { return watcher.look(progress); };
    Run run;
    {
        const nb::gil_scoped_release unlocked;
        run = train(rows.data, options);
    }
    nb::dict result;
    result["history"] = list_of(run.history);
    result["best_epoch"] = run.best_epoch;
    result["nonzero_weights"] = run.nonzero_weights;
    result["stop"] = watcher.interrupted() ? std::string_view("interrupted") : name_of(run.stop);
    result["divergence"] = run.divergence ? nb::cast(run.divergence->message) : nb::none();
    result["advice"] = run.advice;
    result["plan"] = run.plan;
    result["steps"] = run.steps;
    result["seconds"] = run.seconds;
    result["model"] = nb::cast(std::move(run.model));
    return result;
}

std::string plan_text(const HeldDataset& rows, const nb::dict& settings) {
    const TrainOptions options = options_from(settings);
    const nb::gil_scoped_release unlocked;
    return describe_plan(rows.data, options);
}

nb::list cuda_devices() {
    nb::list result;
    for (const CudaDevice& device : cuda_availability().devices) {
        nb::dict entry;
        entry["name"] = device.name;
        entry["ordinal"] = device.ordinal;
        entry["memory_bytes"] = device.memory_bytes;
        result.append(entry);
    }
    return result;
}

}  // namespace

void bind_training(nb::module_& module) {
    module.def("train", &train_run, nb::arg("data"), nb::arg("settings"), nb::arg("callback").none());
    module.def("plan", &plan_text, nb::arg("data"), nb::arg("settings"));
    module.def("cuda_devices", &cuda_devices);
    module.def("cuda_missing", [] { return cuda_availability().missing; });
}

}  // namespace glissade::python
