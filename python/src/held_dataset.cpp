// SPDX-License-Identifier: Apache-2.0
#include "python/src/held_dataset.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "glissade/sparse_view.hpp"
#include "host/data/load.hpp"
#include "python/src/table_columns.hpp"

namespace nb = nanobind;

namespace glissade::python {
namespace {

std::string shape_of(const InputArray& array) {
    std::string text = "(";
    for (std::size_t d = 0; d < array.ndim(); ++d) text += (d > 0 ? ", " : "") + std::to_string(array.shape(d));
    return text + ")";
}

void check_on_cpu(const InputArray& array, const char* what) {
    const int device = array.device_type();
    if (device == nb::device::cpu::value || device == nb::device::cuda_host::value) return;
    const bool cuda = device == nb::device::cuda::value || device == nb::device::cuda_managed::value;
    fail(ErrorKind::data, std::string(what) + " lies on a " + (cuda ? "CUDA device" : "device of DLPack type " + std::to_string(device)) +
                              (cuda ? ": from_dlpack and from_cuda take it" : ": pass a copy on the CPU"));
}

/// The values of an array without gaps, of `count` elements of Real. With CudaToo they may be those of a card.
template <class Real, bool CudaToo = false>
std::span<const Real> values_of(const InputArray& array, std::size_t count, const char* what) {
    if (!CudaToo || array.device_type() != nb::device::cuda::value) check_on_cpu(array, what);
    if (array.dtype() != nb::dtype<Real>()) fail(ErrorKind::data, std::string(what) + " has another element type than asked for");
    std::int64_t expected = 1;
    for (std::size_t d = array.ndim(); d-- > 0; expected *= static_cast<std::int64_t>(array.shape(d)))
        if (array.shape(d) > 1 && array.stride(d) != expected) fail(ErrorKind::data, std::string(what) + " has gaps between its elements");
    if (array.size() != count)
        fail(ErrorKind::data,
             std::string(what) + " has the shape " + shape_of(array) + ", not " + std::to_string(count) + " elements as the rows ask for");
    return {static_cast<const Real*>(array.data()), count};
}

template <class Real, bool CudaToo = false>
std::span<const Real> targets_of(const std::optional<InputArray>& targets, std::size_t rows) {
    if (!targets) return {};
    const std::size_t columns = targets->ndim() == 2 ? targets->shape(1) : 1;
    return values_of<Real, CudaToo>(*targets, rows * columns, "targets");
}

template <class Real, bool CudaToo = false>
std::span<const Real> weights_of(const std::optional<InputArray>& weights, std::size_t rows) {
    return weights ? values_of<Real, CudaToo>(*weights, rows, "weights") : std::span<const Real>();
}

/// Keeps what is borrowed.
HeldDataset held(Dataset data, std::vector<std::optional<InputArray>> arrays) {
    HeldDataset result{std::move(data), {}};
    for (auto& array : arrays)
        if (array) result.arrays.push_back(std::move(*array));
    return result;
}

template <class Real>
MatrixView<const Real> matrix_of(const InputArray& features) {
    const auto rows = static_cast<std::int64_t>(features.shape(0)), columns = static_cast<std::int64_t>(features.shape(1));
    if (rows > 0 && columns > 1 && features.stride(1) != 1)
        fail(ErrorKind::data, "features: the values of a row must lie side by side (C order): make a copy that is contiguous");
    const std::int64_t stride = rows > 1 ? features.stride(0) : columns;
    if (stride < columns) fail(ErrorKind::data, "features: rows overlap or run backwards: make a copy that is contiguous");
    return {static_cast<const Real*>(features.data()), rows, columns, stride};
}

void check_matrix(const InputArray& features) {
    if (features.ndim() != 2) fail(ErrorKind::data, "features have the shape " + shape_of(features) + ", not (rows, columns)");
}

template <class Real>
Dataset dense_of(const InputArray& features, const std::optional<InputArray>& targets, const std::optional<InputArray>& weights) {
    return Dataset::borrow(matrix_of<Real>(features), targets_of<Real>(targets, features.shape(0)),
                           weights_of<Real>(weights, features.shape(0)));
}

HeldDataset dense(const InputArray& features, const std::optional<InputArray>& targets, const std::optional<InputArray>& weights) {
    check_matrix(features);
    const bool narrow = real_type_of(features, "features") == RealType::float32;
    return held(narrow ? dense_of<float>(features, targets, weights) : dense_of<double>(features, targets, weights),
                {features, targets, weights});
}

template <class Real>
Dataset sparse_of(const InputArray& offsets, const InputArray& indices, const InputArray& values, std::int64_t columns,
                  const std::optional<InputArray>& targets, const std::optional<InputArray>& weights) {
    if (offsets.size() < 1) fail(ErrorKind::data, "indptr is empty");
    const auto begins = values_of<std::int64_t>(offsets, offsets.size(), "indptr");
    const auto rows = begins.size() - 1;
    const auto stored = static_cast<std::size_t>(values.size());
    if (begins.front() != 0 || static_cast<std::uint64_t>(begins.back()) != stored)
        fail(ErrorKind::data, "indptr must begin with 0 and end with the number of values, " + std::to_string(stored));
    const SparseView<const Real> view{begins.data(), values_of<std::uint32_t>(indices, stored, "indices").data(),
                                      values_of<Real>(values, stored, "values").data(), static_cast<std::int64_t>(rows), columns};
    return Dataset::borrow(view, targets_of<Real>(targets, rows), weights_of<Real>(weights, rows));
}

HeldDataset sparse(const InputArray& offsets, const InputArray& indices, const InputArray& values, std::int64_t columns,
                   const std::optional<InputArray>& targets, const std::optional<InputArray>& weights) {
    const bool narrow = real_type_of(values, "values") == RealType::float32;
    return held(narrow ? sparse_of<float>(offsets, indices, values, columns, targets, weights)
                       : sparse_of<double>(offsets, indices, values, columns, targets, weights),
                {offsets, indices, values, targets, weights});
}

/// What an object says of memory on a card by __cuda_array_interface__.
struct CudaArray {
    InputArray array;
};

/// Strides are in elements. Whatever lies at `address` lives as long as `owner`.
CudaArray cuda_array(std::uintptr_t address, const std::vector<std::size_t>& shape, const std::vector<std::int64_t>& strides, int ordinal,
                     const nb::object& owner) {
    if (shape.size() != strides.size()) fail(ErrorKind::usage, "shape and strides have different lengths");
    return {InputArray(reinterpret_cast<const void*>(address), shape.size(), shape.data(), owner, strides.data(), nb::dtype<float>(),
                       nb::device::cuda::value, ordinal)};
}

/// From a CudaArray, a DLPack capsule, or whoever speaks DLPack.
InputArray any_array(const nb::object& given, const char* what) {
    if (nb::isinstance<CudaArray>(given)) return nb::cast<CudaArray&>(given).array;
    InputArray array;
    if (!nb::try_cast(given, array, false))
        fail(ErrorKind::data, std::string(what) + ": the DLPack capsule cannot be read; it may have been consumed already");
    return array;
}

std::optional<InputArray> any_array_or_none(const nb::object& given, const char* what) {
    return given.is_none() ? std::nullopt : std::optional(any_array(given, what));
}

/// Rows in the memory of a card. `stream` is a cudaStream_t whose work they wait for.
HeldDataset device_dense(const nb::object& given, const nb::object& given_targets, const nb::object& given_weights, std::uintptr_t stream) {
    const InputArray features = any_array(given, "features");
    check_matrix(features);
    if (features.device_type() != nb::device::cuda::value) fail(ErrorKind::data, "features do not lie on a CUDA device");
    if (features.dtype() != nb::dtype<float>()) fail(ErrorKind::data, "features on a CUDA device must be float32");
    const auto targets = any_array_or_none(given_targets, "targets"), weights = any_array_or_none(given_weights, "weights");
    const DevicePlace place{features.device_id(), reinterpret_cast<void*>(stream)};
    const auto matrix = matrix_of<float>(features);
    const auto learnt = targets_of<float, true>(targets, features.shape(0)), weighed = weights_of<float, true>(weights, features.shape(0));
    Dataset data;
    {
        const nb::gil_scoped_release unlocked;
        data = Dataset::borrow_device(matrix, learnt, place, weighed);
    }
    return held(std::move(data), {features, targets, weights});
}

Toggle toggle_of(const std::optional<bool>& wanted) {
    if (!wanted) return Toggle::automatic;
    return *wanted ? Toggle::on : Toggle::off;
}

struct FileQuestion {
    std::string path, target, target_file, format, task;
    std::optional<bool> standardize, standardize_target;
    bool float64 = false;
    std::optional<std::string> missing, unknown;
    int hash_bits = 0;
};

HeldDataset from_file(const FileQuestion& asked) {
    LoadOptions options;
    options.format = asked.format;
    if (!asked.target.empty()) options.target = asked.target;
    options.target_file = asked.target_file;
    if (asked.task == "classification") options.task = Task::classification;
    if (asked.task == "regression") options.task = Task::regression;
    options.standardize = toggle_of(asked.standardize);
    options.standardize_target = toggle_of(asked.standardize_target);
    options.real_type = asked.float64 ? RealType::float64 : RealType::float32;
    options.threads = usable_processors();
    options.memory_limit_bytes = available_memory_bytes();
    set_policies(asked.missing, asked.unknown, asked.hash_bits, options);
    const nb::gil_scoped_release unlocked;
    PreparedData loaded = load_training(asked.path, options);
    return {std::move(loaded.train), {}, std::move(loaded.notes)};
}

}  // namespace

RealType real_type_of(const InputArray& array, const char* what) {
    check_on_cpu(array, what);
    if (array.dtype() == nb::dtype<float>()) return RealType::float32;
    if (array.dtype() == nb::dtype<double>()) return RealType::float64;
    fail(ErrorKind::data, std::string(what) + " must be float32 or float64");
}

void bind_dataset(nb::module_& module) {
    nb::class_<HeldDataset>(module, "Dataset")
        .def_prop_ro("rows", [](const HeldDataset& h) { return h.data.rows(); })
        .def_prop_ro("columns", [](const HeldDataset& h) { return h.data.columns(); })
        .def_prop_ro("target_count", [](const HeldDataset& h) { return h.data.has_targets() ? h.data.target_count() : 0; })
        .def_prop_ro("is_sparse", [](const HeldDataset& h) { return h.data.is_sparse(); })
        .def_prop_ro("is_float64", [](const HeldDataset& h) { return h.data.real_type() == RealType::float64; })
        .def_prop_ro("is_classification", [](const HeldDataset& h) { return h.data.task == Task::classification; })
        .def_ro("notes", &HeldDataset::notes)
        .def_prop_ro("on_device", [](const HeldDataset& h) { return h.data.place().has_value(); })
        .def_prop_rw(
            "class_labels", [](const HeldDataset& h) { return h.data.class_labels; },
            [](HeldDataset& h, std::vector<std::string> labels) {
                h.data.task = labels.empty() ? Task::regression : Task::classification;
                h.data.class_labels = std::move(labels);
            })
        .def_prop_rw(
            "feature_names", [](const HeldDataset& h) { return h.data.feature_names; },
            [](HeldDataset& h, std::vector<std::string> names) { h.data.feature_names = std::move(names); });
    module.def("dense", &dense, nb::arg("features").noconvert(), nb::arg("targets").noconvert().none(),
               nb::arg("weights").noconvert().none());
    nb::class_<CudaArray>(module, "CudaArray");
    module.def("cuda_array", &cuda_array, nb::arg("address"), nb::arg("shape"), nb::arg("strides"), nb::arg("ordinal"), nb::arg("owner"));
    module.def("device_dense", &device_dense, nb::arg("features"), nb::arg("targets").none(), nb::arg("weights").none(), nb::arg("stream"));
    module.def("sparse", &sparse, nb::arg("offsets").noconvert(), nb::arg("indices").noconvert(), nb::arg("values").noconvert(),
               nb::arg("columns"), nb::arg("targets").noconvert().none(), nb::arg("weights").noconvert().none());
    module.def(
        "from_file",
        [](std::string path, std::string target, std::string target_file, std::string format, std::string task,
           std::optional<bool> standardize, std::optional<bool> standardize_target, bool float64, std::optional<std::string> missing,
           std::optional<std::string> unknown, int hash_bits) {
            return from_file({std::move(path), std::move(target), std::move(target_file), std::move(format), std::move(task), standardize,
                              standardize_target, float64, std::move(missing), std::move(unknown), hash_bits});
        },
        nb::arg("path"), nb::arg("target"), nb::arg("target_file"), nb::arg("format"), nb::arg("task"), nb::arg("standardize").none(),
        nb::arg("standardize_target").none(), nb::arg("float64"), nb::arg("missing").none(), nb::arg("unknown").none(),
        nb::arg("hash_bits"));
}

}  // namespace glissade::python
