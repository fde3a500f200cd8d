// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "glissade/dataset.hpp"
#include "host/train/training_state.hpp"

namespace glissade {

/// What a checkpoint says beside the numbers of the run.
struct CheckpointHeader {
    std::int64_t step = 0, epoch = 0;
    std::string settings;     ///< JSON, see settings_json
    std::string fingerprint;  ///< of training and validation data
    std::string user_data;
};

/// What the shapes in a checkpoint must be.
struct CheckpointShape {
    std::int64_t members = 1;
    std::int64_t parameters = 0;  ///< a member
    int state_vectors = 0;
    std::int64_t waiting = 0;     ///< numbers a member that the backend carries from step to step
    bool watches_loss = false;    ///< the schedule does
    bool driven_by_host = false;  ///< the rule is
};

template <class Real>
std::vector<std::byte> encode_checkpoint(const CheckpointHeader& header, const CheckpointShape& shape, const RunState<Real>& state);

/// Throw Error(data) naming file and section for anything that is not exactly a checkpoint of this shape.
CheckpointHeader decode_checkpoint_header(std::span<const std::byte> bytes, const std::string& path);
template <class Real>
RunState<Real> decode_checkpoint(std::span<const std::byte> bytes, const std::string& path, const CheckpointShape& shape);

/// XXH3-128, as hexadecimal text, of a data set's shape, features, targets and weights. Cost: one pass at memory speed.
std::string fingerprint(const Dataset& data);

}  // namespace glissade
