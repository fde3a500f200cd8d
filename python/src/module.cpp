// SPDX-License-Identifier: Apache-2.0
#include <nanobind/nanobind.h>

#include <exception>

#include "glissade/error.hpp"
#include "python/src/arrow_stream.hpp"
#include "python/src/epochs.hpp"
#include "python/src/held_dataset.hpp"
#include "python/src/options.hpp"
#include "python/src/table_columns.hpp"
#include "python/src/trained_model.hpp"
#include "python/src/training.hpp"

namespace nb = nanobind;

namespace glissade::python {
namespace {

PyObject* exception_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::usage:
        case ErrorKind::data:
            return PyExc_ValueError;
        case ErrorKind::memory:
            return PyExc_MemoryError;
        case ErrorKind::io:
            return PyExc_OSError;
        case ErrorKind::diverged:
            return PyExc_FloatingPointError;
        case ErrorKind::device:
        case ErrorKind::internal:
            return PyExc_RuntimeError;
    }
    return PyExc_RuntimeError;
}

void translate(const std::exception_ptr& thrown, void*) {
    try {
        std::rethrow_exception(thrown);
    } catch (const Error& error) {
        PyErr_SetString(exception_of(error.kind()), error.what());
    }
}

}  // namespace
}  // namespace glissade::python

NB_MODULE(_core, module) {
    module.doc() = "The compiled part of the package glissade; its own modules are what programs import.";
    module.attr("__version__") = GLISSADE_VERSION;
    nb::set_leak_warnings(false);  // what an interpreter still holds when it ends is no news to who uses it
    nb::register_exception_translator(glissade::python::translate);
    glissade::python::bind_rules(module);
    glissade::python::bind_dataset(module);
    glissade::python::bind_arrow(module);
    glissade::python::bind_columns(module);
    glissade::python::bind_model(module);
    glissade::python::bind_training(module);
    glissade::python::bind_epochs(module);
}
