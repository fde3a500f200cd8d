// SPDX-License-Identifier: Apache-2.0
// Runs whose epochs Python asks for one by one.
#include "python/src/epochs.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/vector.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "glissade/row_order.hpp"
#include "host/train/epoch_run.hpp"
#include "python/src/held_dataset.hpp"
#include "python/src/options.hpp"
#include "python/src/training.hpp"

namespace nb = nanobind;

namespace glissade::python {
namespace {

using GivenDoubles = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

nb::object array_of(std::vector<double> values) {
    auto* kept = new std::vector<double>(std::move(values));
    const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<double>*>(p); });
    return nb::cast(nb::ndarray<nb::numpy, double, nb::ndim<1>>(kept->data(), {kept->size()}, owner));
}

/// (steps, memory, vectors), as state() gives it, or None.
RuleState state_of(const nb::object& given) {
    RuleState state;
    if (given.is_none()) return state;
    const auto parts = nb::cast<nb::tuple>(given);
    state.steps = nb::cast<std::int64_t>(parts[0]);
    state.memory = nb::cast<std::vector<double>>(parts[1]);
    for (const nb::handle vector : parts[2]) {
        const auto values = nb::cast<GivenDoubles>(vector);
        state.vectors.emplace_back(values.data(), values.data() + values.size());
    }
    return state;
}

/// Rows by their place in an epoch, which counts from 0.
nb::object row_order(std::int64_t rows, std::uint64_t seed, bool shuffled, std::int64_t epoch) {
    auto* places = new std::vector<std::int64_t>(static_cast<std::size_t>(rows));
    const nb::capsule owner(places, [](void* p) noexcept { delete static_cast<std::vector<std::int64_t>*>(p); });
    const EpochOrder order = RowOrder{rows, seed, shuffled ? Shuffle::full : Shuffle::none}.epoch(epoch);
    for (std::int64_t i = 0; i < rows; ++i) (*places)[static_cast<std::size_t>(i)] = order(i);
    return nb::cast(nb::ndarray<nb::numpy, std::int64_t, nb::ndim<1>>(places->data(), {places->size()}, owner));
}

class Epochs {
public:
    Epochs(const HeldDataset& rows, const nb::dict& settings, double alpha, double penalty_in_loss, const nb::object& begun,
           nb::object callback)
        : watcher_(std::move(callback)) {
        TrainOptions options = options_from(settings);
        options.on_segment = [this](const Progress& progress) { return watcher_.look(progress); };
        const EpochTerms terms{alpha, penalty_in_loss, state_of(begun)};
        const nb::gil_scoped_release unlocked;
        run_ = std::make_unique<EpochRun>(rows.data, options, terms);
    }

    bool next(double rate) {
        const nb::gil_scoped_release unlocked;
        return run_->next(rate);
    }
    nb::object last() const { return run_->history().empty() ? nb::none() : nb::object(dict_of(run_->history().back())); }
    nb::object divergence() const { return run_->divergence() ? nb::cast(run_->divergence()->message) : nb::none(); }
    nb::object parameters(bool best) const { return array_of(run_->parameters(best)); }
    nb::tuple state() const {
        RuleState state = run_->rule_state();
        nb::list vectors;
        for (auto& vector : state.vectors) vectors.append(array_of(std::move(vector)));
        return nb::make_tuple(state.steps, state.memory, vectors);
    }
    bool stopped() const { return watcher_.stopped(); }
    bool interrupted() const { return watcher_.interrupted(); }

private:
    Watcher watcher_;
    std::unique_ptr<EpochRun> run_;
};

}  // namespace

void bind_epochs(nb::module_& module) {
    module.def("row_order", &row_order, nb::arg("rows"), nb::arg("seed"), nb::arg("shuffled"), nb::arg("epoch"));
    nb::class_<Epochs>(module, "Epochs")
        .def(nb::init<const HeldDataset&, const nb::dict&, double, double, const nb::object&, nb::object>(), nb::arg("data"),
             nb::arg("settings"), nb::arg("alpha"), nb::arg("penalty_in_loss"), nb::arg("begun").none(), nb::arg("callback").none(),
             nb::keep_alive<1, 2>())
        .def("next", &Epochs::next, nb::arg("rate"))
        .def_prop_ro("last", &Epochs::last)
        .def_prop_ro("divergence", &Epochs::divergence)
        .def("parameters", &Epochs::parameters, nb::arg("best"))
        .def("state", &Epochs::state)
        .def_prop_ro("stopped", &Epochs::stopped)
        .def_prop_ro("interrupted", &Epochs::interrupted);
}

}  // namespace glissade::python
