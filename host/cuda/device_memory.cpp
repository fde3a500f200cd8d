// SPDX-License-Identifier: Apache-2.0
#include "host/data/device_memory.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "glissade/error.hpp"
#include "host/cuda/buffers.hpp"
#include "host/cuda/card.hpp"
#include "host/cuda/check.hpp"
#include "host/cuda/scorer.hpp"
#include "host/cuda/stream.hpp"
#include "kernels/launch.hpp"
#include "kernels/tuning.hpp"

namespace glissade::device_memory {

using namespace cuda;

namespace {

constexpr std::int64_t block_floats = kernels::tuning::staging_bytes / static_cast<std::int64_t>(sizeof(float));

/// A run of device memory on its way to the host.
struct Arrival {
    PinnedBuffer<float> host;
    Event arrived;
    std::int64_t first = 0, count = 0;  ///< in units of whoever asked for it
};

struct Arrivals {
    explicit Arrivals(std::int64_t floats) {
        for (Arrival& one : both) one.host = PinnedBuffer<float>(floats, "values from the device");
    }
    Arrival& at(std::int64_t piece) { return both[static_cast<std::size_t>(piece % 2)]; }
    std::array<Arrival, 2> both;
};

/// Brings [0, total) over in pieces of `step`; while `use` reads one, the next is on its way. `copy` queues a piece and returns it.
template <class Copy, class Use>
void ferry(std::int64_t total, std::int64_t step, Arrivals& both, Copy&& copy, Use&& use) {
    const auto send = [&](std::int64_t first) {
        Arrival& arrival = both.at(first / step);
        arrival.first = first;
        arrival.count = std::min(step, total - first);
        copy(arrival);
    };
    if (total > 0) send(0);
    for (std::int64_t first = 0; first < total; first += step) {
        if (first + step < total) send(first + step);
        Arrival& arrival = both.at(first / step);
        arrival.arrived.wait();
        use(arrival);
    }
}

void send_floats(Arrival& arrival, const float* from, std::int64_t count, const Stream& stream) {
    stream.copy(arrival.host.data(), from, count, cudaMemcpyDeviceToHost, "values from the device");
    arrival.arrived.record(stream);
}

}  // namespace

bool holds(const void* values, const DevicePlace& place, const std::string& what) {
    (void)usable_card(place.ordinal);
    if (values == nullptr) return false;
    cudaPointerAttributes attributes = {};
    check(cudaPointerGetAttributes(&attributes, values), "cudaPointerGetAttributes", what);
    if (attributes.type != cudaMemoryTypeDevice && attributes.type != cudaMemoryTypeManaged) return false;
    if (attributes.type == cudaMemoryTypeDevice && attributes.device != place.ordinal)
        fail(ErrorKind::device, what + ": it is memory of CUDA device " + std::to_string(attributes.device) + ", not of device " +
                                    std::to_string(place.ordinal));
    return true;
}

void download(float* out, const float* values, std::int64_t count, const DevicePlace& place) {
    const DeviceScope scope(place.ordinal);
    Arrivals both(std::min(count, block_floats));
    const Stream stream;
    stream.wait_for(place.stream);
    ferry(
        count, block_floats, both, [&](Arrival& a) { send_floats(a, values + a.first, a.count, stream); },
        [&](const Arrival& a) { std::copy_n(a.host.data(), a.count, out + a.first); });
}

void visit_blocks(MatrixView<const float> x, const DevicePlace& place, const std::function<void(MatrixView<const float>)>& visit) {
    if (x.rows == 0) return;
    const DeviceScope scope(place.ordinal);
    // A block ends with its last value, not with its last stride: nothing need be behind the matrix.
    const std::int64_t stride = x.rows > 1 ? x.stride : x.columns;
    const std::int64_t rows = std::clamp<std::int64_t>(block_floats / std::max<std::int64_t>(1, stride), 1, x.rows);
    const auto floats = [&](std::int64_t count) { return (count - 1) * stride + x.columns; };
    Arrivals both(floats(rows));
    const Stream stream;
    stream.wait_for(place.stream);
    ferry(
        x.rows, rows, both, [&](Arrival& a) { send_floats(a, x.data + a.first * stride, floats(a.count), stream); },
        [&](const Arrival& a) { visit(MatrixView<const float>(a.host.data(), a.count, x.columns, stride)); });
}

std::int64_t first_not_finite(MatrixView<const float> x, const DevicePlace& place) {
    if (x.rows * x.columns == 0) return -1;
    const Card card = usable_card(place.ordinal);
    const DeviceScope scope(place.ordinal);
    DeviceBuffer<unsigned long long> first(1, "the first value that is not finite");
    PinnedBuffer<unsigned long long> host_first(1, "the first value that is not finite");
    constexpr unsigned long long none = std::numeric_limits<unsigned long long>::max();
    const Stream stream;
    stream.wait_for(place.stream);
    *host_first.data() = none;
    stream.copy(first.data(), host_first.data(), 1, cudaMemcpyHostToDevice, "a search for values that are not finite");
    kernels::CheckFiniteParams params;
    params.rows = x.rows;
    params.columns = x.columns;
    params.stride = x.stride;
    params.x = x.data;
    params.first = first.data();
    check_launch(kernels::launch_check_finite(params, row_blocks(x.rows, card.facts.multiprocessors), stream.get()), "check_finite",
                 std::to_string(x.rows) + " rows");
    stream.copy(host_first.data(), first.data(), 1, cudaMemcpyDeviceToHost, "a search for values that are not finite");
    stream.synchronize("a search for values that are not finite");
    return *host_first.data() == none ? -1 : static_cast<std::int64_t>(*host_first.data());
}

}  // namespace glissade::device_memory
