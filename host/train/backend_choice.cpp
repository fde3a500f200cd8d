// SPDX-License-Identifier: Apache-2.0
#include "host/train/backend_choice.hpp"

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "host/train/calibration_file.hpp"

namespace glissade {

namespace {

/// Validation rows in the memory of a device are judged there.
template <class Real>
void check_held_out(const Problem<Real>& problem, const DeviceChoice& choice) {
    const std::optional<DevicePlace>& place = problem.held_out.place;
    if (!place || (choice.cuda && choice.ordinal == place->ordinal)) return;
    fail(ErrorKind::device, "the validation rows are in the memory of CUDA device " + std::to_string(place->ordinal) +
                                ", but the run is on " +
                                (choice.cuda ? "device " + std::to_string(choice.ordinal) : "the CPU (" + choice.why + ")") +
                                ": train there, or copy them to the host");
}

/// Nothing, and a word about it in the plan, where the file is of no use: results do not depend on it.
Calibration usable_calibration(std::string& why) {
    try {
        return load_calibration(calibration_path());
    } catch (const Error& error) {
        why += std::string("; not calibrated: ") + error.what();
        return {};
    }
}

template <class Real>
DeviceChoice device_of(const Problem<Real>& problem, const std::string& device) {
    if (problem.place) return choose_for_place(device, *problem.place);
    return choose_device(device, real_type_of<Real>());
}

/// Throws where what was chosen cannot do what was asked for.
template <class Real>
void check_choice(const Problem<Real>& problem, const DeviceChoice& choice) {
    check_held_out(problem, choice);
    if (problem.matmul_precision == MatmulPrecision::float32 || choice.cuda) return;
    fail(ErrorKind::usage, "precision tf32 and bfloat16 are for matrix products on a GPU, but the run is on the CPU (" + choice.why +
                               "): take float32, or device cuda");
}

}  // namespace

template <class Real>
std::unique_ptr<Backend<Real>> make_backend(const Problem<Real>& problem, const TrainOptions& options, DeviceChoice& choice_out,
                                            NetworkFamily network) {
    choice_out = device_of(problem, options.device);
    check_choice(problem, choice_out);
    BackendLimits limits;
    limits.threads = options.threads > 0 ? options.threads : usable_processors();
    limits.cuda_ordinal = choice_out.ordinal;
    limits.network = network;
    std::string calibration_trouble;
    limits.calibration = usable_calibration(calibration_trouble);
    choice_out.why += calibration_trouble;
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
            choice_out = {false, 0, false, "the GPU cannot take this shape: " + refusal + calibration_trouble};
            check_choice(problem, choice_out);
        }
    }
    limits.memory_limit_bytes = options.memory_limit_bytes;
    return make_cpu_backend(problem, limits);
}

template std::unique_ptr<Backend<float>> make_backend(const Problem<float>&, const TrainOptions&, DeviceChoice&, NetworkFamily);
template std::unique_ptr<Backend<double>> make_backend(const Problem<double>&, const TrainOptions&, DeviceChoice&, NetworkFamily);

}  // namespace glissade
