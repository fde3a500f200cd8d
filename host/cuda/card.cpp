// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/card.hpp"

#include <algorithm>
#include <string>

#include "glissade/error.hpp"
#include "host/cuda/check.hpp"
#include "host/cuda/stream.hpp"
#include "kernels/tuning.hpp"

namespace glissade {

namespace cuda {
namespace {

std::string version(int number) {
    return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

/// Why CUDA cannot be used at all; empty if it counts at least one device.
std::string missing_runtime(int& devices) {
    int driver = 0, runtime = 0;
    (void)cudaDriverGetVersion(&driver);
    (void)cudaRuntimeGetVersion(&runtime);
    const cudaError_t status = cudaGetDeviceCount(&devices);
    if (status != cudaSuccess) (void)cudaGetLastError();
    if (driver == 0) return "no NVIDIA driver is installed on this machine";
    if (status == cudaErrorInsufficientDriver)
        return "the NVIDIA driver is too old: it supports CUDA " + version(driver) + ", this build needs CUDA " + version(runtime) +
               "; update the driver or rebuild with an older toolkit";
    if (status == cudaErrorNoDevice || (status == cudaSuccess && devices == 0))
        return "the NVIDIA driver (CUDA " + version(driver) + ") sees no device; check nvidia-smi and CUDA_VISIBLE_DEVICES";
    if (status != cudaSuccess)
        return std::string("CUDA does not start: ") + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + ")";
    return "";
}

CudaDevice facts_of(int ordinal) {
    cudaDeviceProp properties = {};
    const std::string device = "device " + std::to_string(ordinal);
    check(cudaGetDeviceProperties(&properties, ordinal), "cudaGetDeviceProperties", device);
    CudaDevice facts;
    facts.ordinal = ordinal;
    facts.name = properties.name;
    facts.multiprocessors = properties.multiProcessorCount;
    facts.compute_major = properties.major;
    facts.compute_minor = properties.minor;
    facts.memory_bytes = static_cast<std::int64_t>(properties.totalGlobalMem);
    facts.shared_bytes_a_block = static_cast<std::int64_t>(properties.sharedMemPerBlockOptin);
    facts.cooperative_launch = properties.cooperativeLaunch != 0;
    const DeviceScope scope(ordinal);
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo", device);
    facts.free_bytes = static_cast<std::int64_t>(free);
    return facts;
}

/// Why this library cannot use the card; empty if it can.
std::string unsuitable(const CudaDevice& facts) {
    if (facts.compute_major * 10 + facts.compute_minor >= 75) return "";
    return "device " + std::to_string(facts.ordinal) + " (" + facts.name + ") has compute capability " +
           std::to_string(facts.compute_major) + "." + std::to_string(facts.compute_minor) + ", 7.5 or newer is needed";
}

}  // namespace

Card usable_card(int ordinal) {
    int devices = 0;
    const std::string missing = missing_runtime(devices);
    if (!missing.empty()) fail(ErrorKind::device, "CUDA cannot be used: " + missing);
    if (ordinal < 0 || ordinal >= devices)
        fail(ErrorKind::device,
             "there is no CUDA device " + std::to_string(ordinal) + "; there are " + std::to_string(devices) + ", counted from 0");
    Card card{facts_of(ordinal)};
    const std::string why = unsuitable(card.facts);
    if (!why.empty()) fail(ErrorKind::device, "CUDA cannot be used: " + why);
    int clock_khz = 0, bus_bits = 0, l2_bytes = 0, clusters = 0;
    if (cudaDeviceGetAttribute(&clock_khz, cudaDevAttrMemoryClockRate, ordinal) == cudaSuccess &&
        cudaDeviceGetAttribute(&bus_bits, cudaDevAttrGlobalMemoryBusWidth, ordinal) == cudaSuccess)
        card.memory_bytes_a_second = 2.0 * clock_khz * 1e3 * bus_bits / 8;  // two transfers a clock
    if (cudaDeviceGetAttribute(&l2_bytes, cudaDevAttrL2CacheSize, ordinal) == cudaSuccess) card.l2_bytes = l2_bytes;
    if (cudaDeviceGetAttribute(&clusters, cudaDevAttrClusterLaunch, ordinal) == cudaSuccess && clusters != 0)
        card.cluster_blocks = kernels::tuning::max_cluster;
    (void)cudaGetLastError();
    return card;
}

int blocks_for(std::int64_t items, std::int64_t a_block, int multiprocessors) {
    const std::int64_t most = static_cast<std::int64_t>(multiprocessors) * kernels::tuning::row_blocks_a_multiprocessor;
    return static_cast<int>(std::clamp<std::int64_t>((items + a_block - 1) / a_block, 1, most));
}

}  // namespace cuda

CudaAvailability cuda_availability() {
    CudaAvailability found;
    int devices = 0;
    found.missing = cuda::missing_runtime(devices);
    if (!found.missing.empty()) return found;
    std::string reasons;
    for (int ordinal = 0; ordinal < devices; ++ordinal) {
        std::string why;
        try {
            CudaDevice facts = cuda::facts_of(ordinal);
            why = cuda::unsuitable(facts);
            if (why.empty()) found.devices.push_back(std::move(facts));
        } catch (const Error& error) {
            why = error.what();
        }
        if (!why.empty()) reasons += (reasons.empty() ? "" : "; ") + why;
    }
    if (found.devices.empty()) found.missing = reasons;
    return found;
}

}  // namespace glissade
