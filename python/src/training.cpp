// SPDX-License-Identifier: Apache-2.0
#include "python/src/training.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glissade/checkpoint.hpp"
#include "glissade/device.hpp"
#include "glissade/trainer.hpp"
#include "python/src/held_dataset.hpp"
#include "python/src/options.hpp"
#include "python/src/trained_model.hpp"

namespace nb = nanobind;

namespace glissade::python {
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

namespace {

nb::list list_of(const std::vector<EpochRecord>& records, bool of_several = false) {
    nb::list result;
    for (const EpochRecord& record : records) {
        nb::dict entry = dict_of(record);
        if (of_several) entry["member"] = record.member;
        result.append(entry);
    }
    return result;
}

nb::dict dict_of(const MemberResult& member) {
    nb::dict result;
    result["optimizer"] = nb::cast(member.member.optimizer);
    result["l1"] = member.member.l1;
    result["l2"] = member.member.l2;
    result["seed"] = member.member.init_seed;
    result["model"] = nb::cast(member.model);
    result["history"] = list_of(member.history);
    result["best_epoch"] = member.best_epoch;
    result["best_loss"] = member.best_loss;
    result["nonzero_weights"] = member.nonzero_weights;
    result["divergence"] = member.divergence ? nb::cast(member.divergence->message) : nb::none();
    nb::list folds;
    for (const Metrics& metrics : member.folds) folds.append(python::dict_of(metrics));
    result["fold_scores"] = folds;
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
    result["member"] = progress.member;
    result["members"] = progress.members;
    result["finished_epochs"] = list_of(progress.finished_epochs, progress.members > 1);
    return result;
}

}  // namespace

Control Watcher::look(const Progress& progress) {
    const nb::gil_scoped_acquire locked;
    try {
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
        if (callback_.is_none()) return Control::go_on;
        stopped_ = nb::cast<bool>(nb::bool_(callback_(dict_of(progress))));
    } catch (const nb::python_error& error) {
        if (!error.matches(PyExc_KeyboardInterrupt)) throw;
        interrupted_ = stopped_ = true;
    }
    return stopped_ ? Control::stop : Control::go_on;
}

namespace {

nb::dict train_run(const HeldDataset& rows, const nb::dict& settings, nb::object callback, const std::optional<std::string>& directory) {
    TrainOptions options = options_from(settings);
    Watcher watcher(std::move(callback));
    options.on_segment = [&watcher](const Progress& progress) { return watcher.look(progress); };
    Run run;
    {
        const nb::gil_scoped_release unlocked;
        run = directory ? resume(rows.data, *directory, options) : train(rows.data, options);
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
    result["best_member"] = run.best_member;
    nb::list members;
    for (const MemberResult& member : run.members) members.append(dict_of(member));
    result["members"] = members;
    result["model"] = nb::cast(std::move(run.model));
    return result;
}

std::string plan_text(const HeldDataset& rows, const nb::dict& settings) {
    const TrainOptions options = options_from(settings);
    const nb::gil_scoped_release unlocked;
    return describe_plan(rows.data, options);
}

nb::dict checkpoint_info(const std::string& directory) {
    const CheckpointInfo info = newest_checkpoint(directory);
    nb::dict result;
    result["path"] = info.path;
    result["step"] = info.step;
    result["epoch"] = info.epoch;
    result["settings"] = info.settings;
    result["skipped"] = info.skipped;
    return result;
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
    module.def("train", &train_run, nb::arg("data"), nb::arg("settings"), nb::arg("callback").none(),
               nb::arg("resume").none() = nb::none());
    module.def("newest_checkpoint", &checkpoint_info, nb::arg("directory"));
    module.def("plan", &plan_text, nb::arg("data"), nb::arg("settings"));
    module.def("cuda_devices", &cuda_devices);
    module.def("cuda_missing", [] { return cuda_availability().missing; });
}

}  // namespace glissade::python
