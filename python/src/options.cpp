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

struct Setting {
    void (*set)(TrainOptions&, nb::handle);
    const char* takes;  // in words, where a value is of another type
};

template <class Value>
constexpr const char* takes() {
    if constexpr (std::is_same_v<Value, bool>) return "True or False";
    if constexpr (std::is_same_v<Value, std::string>) return "a text";
    if constexpr (std::is_same_v<Value, std::vector<std::int64_t>>) return "a list of whole numbers";
    if constexpr (std::is_same_v<Value, std::vector<double>>) return "a list of numbers";
    if constexpr (std::is_floating_point_v<Value>) return "a number";
    if constexpr (std::is_integral_v<Value>) return std::is_signed_v<Value> ? "a whole number" : "a whole number of 0 or more";
}

template <auto Field>
constexpr Setting field() {
    using Value = std::remove_reference_t<decltype(std::declval<TrainOptions&>().*Field)>;
    return {[](TrainOptions& options, nb::handle value) { options.*Field = nb::cast<Value>(value); }, takes<Value>()};
}

[[noreturn]] void refuse_type(const std::string& name, const std::string& takes, nb::handle value) {
    throw nb::type_error((name + " takes " + takes + ", not " + nb::cast<std::string>(nb::repr(value))).c_str());
}

/// One of several words.
template <class Value>
Value chosen(const std::string& name, nb::handle value, const std::map<std::string, Value>& words) {
    std::string known;
    for (const auto& [one, meaning] : words) known += (known.empty() ? "" : ", ") + one;
    if (!nb::isinstance<nb::str>(value)) refuse_type(name, "one of the words " + known, value);
    const auto word = nb::cast<std::string>(value);
    const auto found = words.find(word);
    if (found != words.end()) return found->second;
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

const std::map<std::string, Setting, std::less<>>& settings_table() {
    static const std::map<std::string, Setting, std::less<>> table = {
        {"loss", {[](TrainOptions& o, nb::handle v) { o.loss = nb::cast<Loss&>(v); }, "a name or a glissade.Loss"}},
        {"optimizer", {[](TrainOptions& o, nb::handle v) { o.optimizer = nb::cast<Optimizer&>(v); }, "a name or a glissade.Optimizer"}},
        {"batch_size", {field<&TrainOptions::batch_size>().set, "a whole number, 0 or 'full' for all rows"}},
        {"epochs", field<&TrainOptions::epochs>()},
        {"schedule", {[](TrainOptions& o, nb::handle v) { o.schedule = Schedule(nb::cast<std::string>(v)); }, "a text"}},
        {"seed", field<&TrainOptions::seed>()},
        {"shuffle",
         {[](TrainOptions& o, nb::handle v) {
              o.shuffle =
                  chosen<Shuffle>("shuffle", v, {{"full", Shuffle::full}, {"none", Shuffle::none}, {"replacement", Shuffle::replacement}});
          },
          "a word"}},
        {"drop_last", field<&TrainOptions::drop_last>()},
        {"hidden", {field<&TrainOptions::hidden>().set, "a list of whole numbers, as [256, 128]"}},
        {"activation", {[](TrainOptions& o, nb::handle v) { o.activation = Activation(nb::cast<std::string>(v)); }, "a name"}},
        {"init",
         {[](TrainOptions& o, nb::handle v) {
              o.init = chosen<Init>("init", v,
                                    {{"auto", Init::automatic},
                                     {"zeros", Init::zeros},
                                     {"he_normal", Init::he_normal},
                                     {"he_uniform", Init::he_uniform},
                                     {"xavier_normal", Init::xavier_normal},
                                     {"xavier_uniform", Init::xavier_uniform},
                                     {"torch", Init::torch}});
          },
          "a word"}},
        {"dropout", field<&TrainOptions::dropout>()},
        {"label_smoothing", field<&TrainOptions::label_smoothing>()},
        {"matmul_precision",
         {[](TrainOptions& o, nb::handle v) {
              o.matmul_precision = chosen<MatmulPrecision>(
                  "matmul_precision", v,
                  {{"float32", MatmulPrecision::float32}, {"tf32", MatmulPrecision::tf32}, {"bfloat16", MatmulPrecision::bfloat16}});
          },
          "a word"}},
        {"storage",
         {[](TrainOptions& o, nb::handle v) {
              o.storage = chosen<Storage>("storage", v, {{"float32", Storage::float32}, {"bfloat16", Storage::bfloat16}});
          },
          "a word"}},
        {"l1", field<&TrainOptions::l1>()},
        {"l2", field<&TrainOptions::l2>()},
        {"decay_bias", field<&TrainOptions::decay_bias>()},
        {"bias", field<&TrainOptions::bias>()},
        {"clip_norm", field<&TrainOptions::clip_norm>()},
        {"clip_value", field<&TrainOptions::clip_value>()},
        {"average",
         {[](TrainOptions& o, nb::handle v) {
              o.average.kind = chosen<AverageKind>(
                  "average", v, {{"none", AverageKind::none}, {"mean", AverageKind::mean}, {"exponential", AverageKind::exponential}});
          },
          "a word"}},
        {"average_decay", {[](TrainOptions& o, nb::handle v) { o.average.decay = nb::cast<double>(v); }, "a number"}},
        {"average_start", {set_average_start, "a number"}},
        {"average_start_unit",
         {[](TrainOptions& o, nb::handle v) {
              o.average.start_unit = chosen<ScheduleUnit>("average_start_unit", v,
                                                          {{"step", ScheduleUnit::step},
                                                           {"epoch", ScheduleUnit::epoch},
                                                           {"sample", ScheduleUnit::sample},
                                                           {"fraction", ScheduleUnit::fraction}});
          },
          "a word"}},
        {"class_weights", {field<&TrainOptions::class_weights>().set, "a list of numbers, one a class, or a dict by label"}},
        {"balanced", field<&TrainOptions::balanced>()},
        {"standardize", field<&TrainOptions::standardize>()},
        {"standardize_target", field<&TrainOptions::standardize_target>()},
        {"max_steps", field<&TrainOptions::max_steps>()},
        {"max_seconds", field<&TrainOptions::max_seconds>()},
        {"tol", field<&TrainOptions::tol>()},
        {"patience", field<&TrainOptions::patience>()},
        {"folds", field<&TrainOptions::folds>()},
        {"members", {set_members, "a list of dicts"}},
        {"checkpoint", {set_checkpoint, "a directory, or a dict of directory, every_steps, every_epochs and keep"}},
        {"validation",
         {[](TrainOptions& o, nb::handle v) { o.validation = nb::cast<HeldDataset&>(v).data; }, "a Dataset or (features, targets)"}},
        {"start", {[](TrainOptions& o, nb::handle v) { o.start = nb::cast<Model&>(v); }, "a glissade.Model"}},
        {"device", field<&TrainOptions::device>()},
        {"threads", field<&TrainOptions::threads>()},
        {"nondeterministic", field<&TrainOptions::nondeterministic>()},
        {"memory_limit_bytes", field<&TrainOptions::memory_limit_bytes>()},
        {"device_memory_limit_bytes", field<&TrainOptions::device_memory_limit_bytes>()},
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
        const auto found = settings_table().find(name);
        if (found == settings_table().end()) fail(ErrorKind::usage, "there is no setting called " + name);
        try {
            found->second.set(options, value);
        } catch (const nb::cast_error&) {
            refuse_type(name, found->second.takes, value);
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
