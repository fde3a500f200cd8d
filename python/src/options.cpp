// SPDX-License-Identifier: Apache-2.0
#include "python/src/options.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "glissade/activation.hpp"
#include "glissade/error.hpp"
#include "glissade/model.hpp"
#include "python/src/held_dataset.hpp"

namespace nb = nanobind;

namespace glissade::python {
namespace {

using Setter = void (*)(TrainOptions&, nb::handle);

template <auto Field>
void set(TrainOptions& options, nb::handle value) {
    auto& field = options.*Field;
    field = nb::cast<std::remove_reference_t<decltype(field)>>(value);
}

/// One of several words.
template <class Value>
Value chosen(const std::string& name, nb::handle value, const std::map<std::string, Value>& words) {
    const auto word = nb::cast<std::string>(value);
    const auto found = words.find(word);
    if (found != words.end()) return found->second;
    std::string known;
    for (const auto& [one, meaning] : words) known += (known.empty() ? "" : ", ") + one;
    fail(ErrorKind::usage, name + "='" + word + "' is not known; there are: " + known);
}

void set_average_start(TrainOptions& options, nb::handle value) {
    options.average.start = nb::cast<double>(value);
}

/// A list of dictionaries with the names of Member's fields.
void set_members(TrainOptions& options, nb::handle value) {
    for (const nb::handle given : nb::cast<nb::list>(value)) {
        const auto fields = nb::cast<nb::dict>(given);
        Member member;
        member.optimizer = nb::cast<Optimizer&>(fields["optimizer"]);
        member.l1 = nb::cast<double>(fields["l1"]);
        member.l2 = nb::cast<double>(fields["l2"]);
        member.init_seed = nb::cast<std::uint64_t>(fields["init_seed"]);
        member.dropout_seed = nb::cast<std::uint64_t>(fields["dropout_seed"]);
        options.members.push_back(std::move(member));
    }
}

/// A dictionary with names of CheckpointOptions' fields.
void set_checkpoint(TrainOptions& options, nb::handle value) {
    for (const auto& [key, given] : nb::cast<nb::dict>(value)) {
        const auto name = nb::cast<std::string>(key);
        if (name == "directory")
            options.checkpoint.directory = nb::cast<std::string>(given);
        else if (name == "every_steps")
            options.checkpoint.every_steps = nb::cast<std::int64_t>(given);
        else if (name == "every_epochs")
            options.checkpoint.every_epochs = nb::cast<std::int64_t>(given);
        else if (name == "keep")
            options.checkpoint.keep = nb::cast<int>(given);
        else
            fail(ErrorKind::usage, "checkpoint has no setting called " + name + "; there are: directory, every_steps, every_epochs, keep");
    }
}

const std::map<std::string, Setter, std::less<>>& setters() {
    static const std::map<std::string, Setter, std::less<>> table = {
        {"loss", [](TrainOptions& o, nb::handle v) { o.loss = nb::cast<Loss&>(v); }},
        {"optimizer", [](TrainOptions& o, nb::handle v) { o.optimizer = nb::cast<Optimizer&>(v); }},
        {"batch_size", set<&TrainOptions::batch_size>},
        {"epochs", set<&TrainOptions::epochs>},
        {"schedule", [](TrainOptions& o, nb::handle v) { o.schedule = Schedule(nb::cast<std::string>(v)); }},
        {"seed", set<&TrainOptions::seed>},
        {"shuffle",
         [](TrainOptions& o, nb::handle v) {
             o.shuffle =
                 chosen<Shuffle>("shuffle", v, {{"full", Shuffle::full}, {"none", Shuffle::none}, {"replacement", Shuffle::replacement}});
         }},
        {"drop_last", set<&TrainOptions::drop_last>},
        {"hidden", set<&TrainOptions::hidden>},
        {"activation", [](TrainOptions& o, nb::handle v) { o.activation = Activation(nb::cast<std::string>(v)); }},
        {"init",
         [](TrainOptions& o, nb::handle v) {
             o.init = chosen<Init>("init", v,
                                   {{"auto", Init::automatic},
                                    {"zeros", Init::zeros},
                                    {"he_normal", Init::he_normal},
                                    {"he_uniform", Init::he_uniform},
                                    {"xavier_normal", Init::xavier_normal},
                                    {"xavier_uniform", Init::xavier_uniform},
                                    {"torch", Init::torch}});
         }},
        {"dropout", set<&TrainOptions::dropout>},
        {"label_smoothing", set<&TrainOptions::label_smoothing>},
        {"matmul_precision",
         [](TrainOptions& o, nb::handle v) {
             o.matmul_precision = chosen<MatmulPrecision>(
                 "matmul_precision", v,
                 {{"float32", MatmulPrecision::float32}, {"tf32", MatmulPrecision::tf32}, {"bfloat16", MatmulPrecision::bfloat16}});
         }},
        {"storage",
         [](TrainOptions& o, nb::handle v) {
             o.storage = chosen<Storage>("storage", v, {{"float32", Storage::float32}, {"bfloat16", Storage::bfloat16}});
         }},
        {"l1", set<&TrainOptions::l1>},
        {"l2", set<&TrainOptions::l2>},
        {"decay_bias", set<&TrainOptions::decay_bias>},
        {"bias", set<&TrainOptions::bias>},
        {"clip_norm", set<&TrainOptions::clip_norm>},
        {"clip_value", set<&TrainOptions::clip_value>},
        {"average",
         [](TrainOptions& o, nb::handle v) {
             o.average.kind = chosen<AverageKind>(
                 "average", v, {{"none", AverageKind::none}, {"mean", AverageKind::mean}, {"exponential", AverageKind::exponential}});
         }},
        {"average_decay", [](TrainOptions& o, nb::handle v) { o.average.decay = nb::cast<double>(v); }},
        {"average_start", set_average_start},
        {"average_start_unit",
         [](TrainOptions& o, nb::handle v) {
             o.average.start_unit = chosen<ScheduleUnit>("average_start_unit", v,
                                                         {{"step", ScheduleUnit::step},
                                                          {"epoch", ScheduleUnit::epoch},
                                                          {"sample", ScheduleUnit::sample},
                                                          {"fraction", ScheduleUnit::fraction}});
         }},
        {"class_weights", set<&TrainOptions::class_weights>},
        {"balanced", set<&TrainOptions::balanced>},
        {"standardize", set<&TrainOptions::standardize>},
        {"standardize_target", set<&TrainOptions::standardize_target>},
        {"max_steps", set<&TrainOptions::max_steps>},
        {"max_seconds", set<&TrainOptions::max_seconds>},
        {"tol", set<&TrainOptions::tol>},
        {"patience", set<&TrainOptions::patience>},
        {"folds", set<&TrainOptions::folds>},
        {"members", set_members},
        {"checkpoint", set_checkpoint},
        {"validation", [](TrainOptions& o, nb::handle v) { o.validation = nb::cast<HeldDataset&>(v).data; }},
        {"start", [](TrainOptions& o, nb::handle v) { o.start = nb::cast<Model&>(v); }},
        {"device", set<&TrainOptions::device>},
        {"threads", set<&TrainOptions::threads>},
        {"nondeterministic", set<&TrainOptions::nondeterministic>},
        {"memory_limit_bytes", set<&TrainOptions::memory_limit_bytes>},
        {"device_memory_limit_bytes", set<&TrainOptions::device_memory_limit_bytes>},
    };
    return table;
}

/// Sets the fields of a rule by name.
template <class Rule>
void set_fields(Rule& rule, const nb::dict& settings) {
    for (const auto& [name, value] : settings) {
        const auto field = nb::cast<std::string>(name);
        try {
            rule.set(field, nb::cast<double>(value));
        } catch (const nb::cast_error&) {
            throw nb::type_error((field + " must be a number").c_str());
        }
    }
}

template <class Rule>
Rule named(const std::string& name);
template <>
Optimizer named(const std::string& name) {
    return Optimizer::named(name);
}
template <>
Loss named(const std::string& name) {
    return name == "auto" ? Loss() : Loss(name);
}

template <class Rule>
nb::dict fields_of(const Rule& rule) {
    nb::dict fields;
    for (const FieldInfo& field : rule.fields()) {
        const double value = rule.get(field.name);
        const nb::str name(field.name.data(), field.name.size());
        if (field.is_flag)
            fields[name] = value != 0;
        else
            fields[name] = value;
    }
    return fields;
}

template <class Rule>
nb::class_<Rule> bind_rule(nb::module_& module, const char* name) {
    return nb::class_<Rule>(module, name)
        .def("__init__",
             [](Rule* self, const std::string& rule, const nb::kwargs& settings) {
                 Rule made = named<Rule>(rule);
                 set_fields(made, settings);
                 new (self) Rule(std::move(made));
             })
        .def("__getstate__", [](const Rule& rule) { return nb::make_tuple(std::string(rule.name()), fields_of(rule)); })
        .def("__setstate__",
             [](Rule& rule, const nb::tuple& state) {
                 Rule made = named<Rule>(nb::cast<std::string>(state[0]));
                 set_fields(made, nb::cast<nb::dict>(state[1]));
                 new (&rule) Rule(std::move(made));
             })
        .def("__repr__",
             [name](const Rule& rule) {
                 const nb::dict fields = fields_of(rule);
                 return std::string(name) + "('" + std::string(rule.name()) + "', " + nb::cast<std::string>(nb::str(fields)) + ")";
             })
        .def_prop_ro("name", &Rule::name)
        .def_prop_ro("settings", &fields_of<Rule>)
        .def_static("names", &Rule::names);
}

}  // namespace

TrainOptions options_from(const nb::dict& settings) {
    TrainOptions options;
    for (const auto& [key, value] : settings) {
        const auto name = nb::cast<std::string>(key);
        const auto found = setters().find(name);
        if (found == setters().end()) fail(ErrorKind::usage, "there is no setting called " + name);
        try {
            found->second(options, value);
        } catch (const nb::cast_error&) {
            throw nb::type_error((name + " has a value of the wrong type or out of its range").c_str());
        }
    }
    return options;
}

void bind_rules(nb::module_& module) {
    bind_rule<Optimizer>(module, "Optimizer").def_prop_ro("full_batch_only", &Optimizer::full_batch_only);
    bind_rule<Loss>(module, "Loss").def_prop_ro("is_regression", [](const Loss& rule) {
        return !rule.is_auto() && rule.kind() == LossKind::regression;
    });
}

}  // namespace glissade::python
