// SPDX-License-Identifier: Apache-2.0
#include "host/train/backend_choice.hpp"

#include "glissade/device.hpp"
#include "glissade/error.hpp"

namespace glissade {

namespace {

template <class Real>
DeviceChoice device_of(const Problem<Real>& problem, const std::string& device) {
    if (problem.is_network()) return choose_for_network(device);
    if (problem.is_sparse()) return choose_for_sparse(device);
    if (problem.label_smoothing > Real(0)) return choose_on_cpu(device, "label smoothing runs", "training without it");
    return choose_device(device, real_type_of<Real>());
}

}  // namespace

template <class Real>
std::unique_ptr<Backend<Real>> make_backend(const Problem<Real>& problem, const TrainOptions& options, DeviceChoice& choice_out) {
    choice_out = device_of(problem, options.device);
    BackendLimits limits;
    limits.threads = options.threads > 0 ? options.threads : usable_processors();
    limits.cuda_ordinal = choice_out.ordinal;
    if constexpr (sizeof(Real) == 4) {
        if (choice_out.cuda) {
            limits.memory_limit_bytes = options.device_memory_limit_bytes;
            if (choice_out.named) return make_cuda_backend(problem, limits);
            std::string refusal = cuda_refusal(problem, limits);
            try {
                if (refusal.empty()) return make_cuda_backend(problem, limits);
            } catch (const Error& error) {  // nobody asked for the GPU: its trouble is a reason to say, not to fail
                if (error.kind() != ErrorKind::device && error.kind() != ErrorKind::memory) throw;
                refusal = error.what();
            }
            choice_out = {false, 0, false, "the GPU cannot take this shape: " + refusal};
        }
    }
    limits.memory_limit_bytes = options.memory_limit_bytes;
    return make_cpu_backend(problem, limits);
}

template std::unique_ptr<Backend<float>> make_backend(const Problem<float>&, const TrainOptions&, DeviceChoice&);
template std::unique_ptr<Backend<double>> make_backend(const Problem<double>&, const TrainOptions&, DeviceChoice&);

}  // namespace glissade
