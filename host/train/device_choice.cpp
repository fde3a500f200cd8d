// SPDX-License-Identifier: Apache-2.0
#include "host/train/device_choice.hpp"

#include <charconv>

#include "glissade/device.hpp"
#include "glissade/error.hpp"

namespace glissade {

namespace {

int parse_ordinal(const std::string& device) {
    if (device == "cuda") return 0;
    int ordinal = -1;
    const char* first = device.data() + 5;
    const char* last = device.data() + device.size();
    const auto [end, error] = std::from_chars(first, last, ordinal);
    if (error != std::errc{} || end != last || ordinal < 0)
        fail(ErrorKind::usage, "device \"" + device + "\" is not auto, cpu, cuda or cuda:N");
    return ordinal;
}

}  // namespace

DeviceChoice choose_device(const std::string& device, RealType type) {
    if (device == "cpu") return {false, 0, true, "asked for"};
    if (device == "auto") {
        if (type == RealType::float64) return {false, 0, false, "float64 runs on the CPU"};
        const CudaAvailability cuda = cuda_availability();
        if (cuda.devices.empty()) return {false, 0, false, "no usable GPU: " + cuda.missing};
        return {true, cuda.devices[0].ordinal, false, "found " + cuda.devices[0].name};
    }
    if (device != "cuda" && device.rfind("cuda:", 0) != 0)
        fail(ErrorKind::usage, "device \"" + device + "\" is not auto, cpu, cuda or cuda:N");
    const int ordinal = parse_ordinal(device);
    if (type == RealType::float64) fail(ErrorKind::usage, "float64 runs on the CPU only; use float32 with device " + device);
    const CudaAvailability cuda = cuda_availability();
    if (cuda.devices.empty()) fail(ErrorKind::device, "device " + device + " cannot be used: " + cuda.missing);
    for (const CudaDevice& found : cuda.devices)
        if (found.ordinal == ordinal) return {true, ordinal, true, "asked for: " + found.name};
    fail(ErrorKind::device, "device " + device + " does not exist: there are " + std::to_string(cuda.devices.size()) +
                                " usable CUDA devices, cuda:0 to cuda:" + std::to_string(cuda.devices.back().ordinal));
}

DeviceChoice choose_for_place(const std::string& device, const DevicePlace& place) {
    const std::string there = "cuda:" + std::to_string(place.ordinal);
    if (device == "auto" || device == "cuda") {
        DeviceChoice choice = choose_device(there, RealType::float32);
        choice.why = "the rows are there: " + choice.why;
        return choice;
    }
    const DeviceChoice choice = choose_device(device, RealType::float32);
    if (!choice.cuda || choice.ordinal != place.ordinal)
        fail(ErrorKind::device, "the rows are in the memory of CUDA device " + std::to_string(place.ordinal) + ", which device " + device +
                                    " does not read: use device auto or " + there + ", or copy them to the host");
    return choice;
}

}  // namespace glissade
