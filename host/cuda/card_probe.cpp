// SPDX-License-Identifier: Apache-2.0
#include "host/execution/card_probe.hpp"

#include <algorithm>
#include <bit>
#include <vector>

#include "host/cuda/buffers.hpp"
#include "host/cuda/card.hpp"
#include "host/cuda/graph.hpp"
#include "host/cuda/stream.hpp"
#include "kernels/launch_probe.hpp"
#include "kernels/tuning.hpp"

namespace glissade {

namespace cuda {

namespace {

constexpr std::int64_t page = 4096;

/// Times what is queued on a stream by the card's own clock.
class CardClock {
public:
    explicit CardClock(const Stream& stream, int repetitions) : stream_(stream), repetitions_(repetitions) {
        check(cudaEventCreate(&begin_), "cudaEventCreate", "a clock");
        const cudaError_t second = cudaEventCreate(&end_);
        if (second != cudaSuccess) (void)cudaEventDestroy(begin_);
        check(second, "cudaEventCreate", "a clock");
    }
    CardClock(const CardClock&) = delete;
    CardClock& operator=(const CardClock&) = delete;
    ~CardClock() {
        (void)cudaEventDestroy(begin_);
        (void)cudaEventDestroy(end_);
    }

    /// figure(seconds) of each repetition of `work`.
    template <class Work, class Figure>
    Spread measure(const std::string& subject, const Work& work, const Figure& figure) const {
        return repeated([&] { return figure(std::max(seconds(subject, work), 1e-9)); });
    }
    /// What `shorter` lacks of `longer`, both timed in each repetition; 0 where noise makes it negative.
    template <class Longer, class Shorter>
    Spread difference(const std::string& subject, const Longer& longer, const Shorter& shorter, double parts) const {
        return repeated([&] {
            const double less = seconds(subject, shorter);
            return std::max(seconds(subject, longer) - less, 0.0) / parts;
        });
    }

private:
    template <class Figure>
    Spread repeated(const Figure& figure) const {
        std::vector<double> figures;
        for (int i = -1; i < repetitions_; ++i) {
            const double one = figure();
            if (i >= 0) figures.push_back(one);
        }
        return spread_of(figures);
    }
    template <class Work>
    double seconds(const std::string& subject, const Work& work) const {
        check(cudaEventRecord(begin_, stream_.get()), "cudaEventRecord", subject);
        work();
        check(cudaEventRecord(end_, stream_.get()), "cudaEventRecord", subject);
        stream_.synchronize(subject);
        float milliseconds = 0;
        check(cudaEventElapsedTime(&milliseconds, begin_, end_), "cudaEventElapsedTime", subject);
        return static_cast<double>(milliseconds) * 1e-3;
    }

    const Stream& stream_;
    int repetitions_;
    cudaEvent_t begin_ = nullptr, end_ = nullptr;
};

class CardProber {
public:
    CardProber(const Card& card, const CardProbeLimits& limits)
        : card_(card),
          bytes_(std::max(std::min(limits.bytes, card.facts.free_bytes / 3) / page * page, page)),
          barriers_(limits.barriers),
          graph_nodes_(limits.graph_nodes),
          wide_(card.facts.multiprocessors * tuning_blocks),
          from_(bytes_ / float_bytes, "memory to measure"),
          to_(bytes_ / float_bytes, "memory to measure"),
          sums_(wide_ * kernels::tuning::row_threads, "sums of a measurement"),
          pinned_(limits.upload_bytes / float_bytes, "pinned memory to measure"),
          clock_(stream_, limits.repetitions) {
        check(cudaMemsetAsync(from_.data(), 0, static_cast<std::size_t>(bytes_), stream_.get()), "cudaMemsetAsync", "memory to measure");
    }

    CardProbe run(std::int64_t row_bytes) const {
        CardProbe probe;
        probe.name = card_.facts.name;
        probe.multiprocessors = card_.facts.multiprocessors;
        probe.probed_bytes = bytes_;
        int l2 = 0;
        check(cudaDeviceGetAttribute(&l2, cudaDevAttrL2CacheSize, card_.facts.ordinal), "cudaDeviceGetAttribute", "the L2 cache");
        probe.l2_bytes = l2;
        probe.read = read(bytes_, 1, wide_);
        probe.block_read = read(std::min<std::int64_t>(bytes_, std::int64_t{64} << 20), 1, 1);
        probe.l2_read = read(std::clamp<std::int64_t>(probe.l2_bytes / 2 / page * page, page, bytes_), 16, wide_);
        probe.copy = copy();
        probe.gather_row_bytes = (row_bytes + 15) / 16 * 16;
        probe.gather = gather(probe.gather_row_bytes);
        probe.upload = upload();
        probe.scattered_adds_per_second = adds(bytes_, false);
        probe.adds_to_one_per_second = adds(std::min<std::int64_t>(bytes_, std::int64_t{32} << 20), true);
        barriers(probe);
        probe.launch_seconds = clock_.measure(
            "empty kernels", [this] { empty_kernels(barriers_); }, [this](double seconds) { return seconds / barriers_; });
        probe.graph_node_seconds = graph_node();
        return probe;
    }

private:
    static constexpr std::int64_t float_bytes = sizeof(float);
    static constexpr int tuning_blocks = kernels::tuning::row_blocks_a_multiprocessor;

    static void launched(int status) { check_launch(status, "probe", "a measurement of the card"); }

    void empty_kernels(int count) const {
        for (int i = 0; i < count; ++i)
            launched(kernels::launch_probe_barrier({0, kernels::Team::block}, card_.facts.multiprocessors, kernels::tuning::warp,
                                                   stream_.get()));
    }
    /// What a launch of a whole graph costs drops out of the difference.
    Spread graph_node() const {
        const std::string subject = "a measurement of graphs";
        const Graph shorter(
            stream_, [this] { empty_kernels(graph_nodes_); }, subject);
        const Graph longer(
            stream_, [this] { empty_kernels(2 * graph_nodes_); }, subject);
        return clock_.difference(
            subject, [&] { longer.launch(stream_, subject); }, [&] { shorter.launch(stream_, subject); }, graph_nodes_);
    }
    Spread read(std::int64_t bytes, int passes, int blocks) const {
        return clock_.measure(
            "a measurement of reading",
            [&] {
                launched(kernels::launch_probe_read({from_.data(), bytes / float_bytes, passes, sums_.data()}, blocks, stream_.get()));
            },
            [&](double seconds) { return static_cast<double>(bytes) * passes / seconds; });
    }
    Spread copy() const {
        return clock_.measure(
            "a measurement of copying",
            [&] {
                launched(kernels::launch_probe_copy({from_.data(), to_.data(), bytes_ / float_bytes}, wide_, stream_.get()));
            },
            [&](double seconds) { return 2 * static_cast<double>(bytes_) / seconds; });
    }
    Spread gather(std::int64_t row_bytes) const {
        const std::int64_t rows = std::max<std::int64_t>(bytes_ / row_bytes, 1);
        if (row_bytes > bytes_) return {};
        const kernels::ProbeGatherParams params{from_.data(), static_cast<int>(row_bytes / float_bytes),
                                                RowOrder{rows, 1, Shuffle::full}.epoch(0), sums_.data()};
        return clock_.measure(
            "a measurement of gathering rows", [&] { launched(kernels::launch_probe_gather(params, wide_, stream_.get())); },
            [&](double seconds) { return static_cast<double>(rows * row_bytes) / seconds; });
    }
    Spread upload() const {
        const std::int64_t count = std::min(pinned_.count(), to_.count());
        return clock_.measure(
            "a measurement of copies to the card",
            [&] { stream_.copy(to_.data(), pinned_.data(), count, cudaMemcpyHostToDevice, "a measurement of copies to the card"); },
            [&](double seconds) { return static_cast<double>(count * float_bytes) / seconds; });
    }
    /// One add for each 32 of so many bytes.
    Spread adds(std::int64_t bytes, bool together) const {
        using Params = kernels::ProbeAddParams;
        const std::int64_t positions = bytes / float_bytes / Params::sector_floats / Params::quarters;
        const Params params{to_.data(), RowOrder{positions, 1, Shuffle::full}.epoch(0), together};
        return clock_.measure(
            "a measurement of atomics", [&] { launched(kernels::launch_probe_add(params, wide_, stream_.get())); },
            [&](double seconds) { return static_cast<double>(positions * Params::quarters) / seconds; });
    }
    void barriers(CardProbe& probe) const {
        const int multiprocessors = card_.facts.multiprocessors, cluster = kernels::tuning::max_grid_cluster;
        const bool clusters = card_.cluster_blocks > 1, cooperative = card_.facts.cooperative_launch;
        const kernels::ProbeBarrierParams of_cluster{barriers_, kernels::Team::cluster};
        probe.block_barrier_seconds = barrier({barriers_, kernels::Team::block}, multiprocessors);
        if (clusters && multiprocessors >= cluster && resident(of_cluster, cluster) > 0)
            probe.cluster_barrier_seconds = barrier(of_cluster, cluster);
        if (cooperative) probe.grid_barrier_seconds = barrier({barriers_, kernels::Team::grid}, multiprocessors);
        if (cooperative && clusters) probe.cluster_grid_barrier_seconds = cluster_grid_barrier();
    }
    /// With as many blocks as a plan may take: how many clusters there are at once depends on how multiprocessors lie together.
    Spread cluster_grid_barrier() const {
        for (int cluster = kernels::tuning::max_grid_cluster; cluster > 1; cluster /= 2) {
            const kernels::ProbeBarrierParams params{barriers_, kernels::Team::grid, cluster};
            const int most = std::min({kernels::tuning::max_blocks, card_.facts.multiprocessors, resident(params, cluster) * cluster});
            const int blocks = static_cast<int>(std::bit_floor(static_cast<unsigned>(most)));
            if (blocks > cluster) return barrier(params, blocks);
        }
        return {};
    }
    static int resident(const kernels::ProbeBarrierParams& params, int blocks) {
        int clusters = 0;
        launched(kernels::resident_probe_clusters(params, blocks, kernels::tuning::segment_threads, &clusters));
        return clusters;
    }
    Spread barrier(const kernels::ProbeBarrierParams& params, int blocks) const {
        return clock_.measure(
            "a measurement of barriers",
            [&] { launched(kernels::launch_probe_barrier(params, blocks, kernels::tuning::segment_threads, stream_.get())); },
            [this](double seconds) { return seconds / barriers_; });
    }

    Card card_;
    std::int64_t bytes_;
    int barriers_;
    int graph_nodes_;
    int wide_;
    DeviceBuffer<float> from_, to_, sums_;
    PinnedBuffer<float> pinned_;
    Stream stream_;  ///< after the buffers: it is waited for before they go
    CardClock clock_;
};

}  // namespace

}  // namespace cuda

CardProbe probe_card(int ordinal, std::int64_t row_bytes, const CardProbeLimits& limits) {
    const cuda::Card card = cuda::usable_card(ordinal);
    const cuda::DeviceScope scope(ordinal);
    return cuda::CardProber(card, limits).run(row_bytes);
}

}  // namespace glissade
