// SPDX-License-Identifier: Apache-2.0
// TrainingLoop: checkpoints, written and begun from.
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "glissade/error.hpp"
#include "host/train/training_loop.hpp"

namespace glissade {

namespace {

/// A save waits for the disk, some milliseconds: where epochs are shorter, it is most of them.
constexpr double seconds_between_checkpoints = 1;

}  // namespace

template <class Real>
void TrainingLoop<Real>::begin_from(const std::string& directory) {
    // The store that rejects a damaged checkpoint is the one that may later write past it.
    if (!store_ || directory != options_.checkpoint.directory)
        fail(ErrorKind::internal, "a run resumes in the directory that it writes to");
    RunState<Real> state;
    const auto loaded = store_->load_newest([&](std::span<const std::byte> bytes, const std::string& path) {
        const CheckpointHeader header = decode_checkpoint_header(bytes, path);
        if (header.settings != settings_)
            fail(ErrorKind::data,
                 path + ": it was written by a run with other settings: " + header.settings + " there, " + settings_ + " here");
        if (header.fingerprint != fingerprint_)
            fail(ErrorKind::data, path + ": it was written by a run on other data (the fingerprints differ)");
        state = decode_checkpoint<Real>(bytes, path, shape());
    });
    if (!loaded) fail(ErrorKind::data, directory + ": there is no checkpoint to resume from");
    saved_step_ = state.step;
    begin(std::move(state));
}

template <class Real>
bool TrainingLoop<Real>::checkpoint_is_due(bool epoch_ended) const {
    const std::int64_t every = options_.checkpoint.every_steps;
    if (every > 0) return state_.step % every == 0;
    if (!epoch_ended) return false;
    if (options_.checkpoint.every_epochs > 0) return scheduler_->epoch_of(state_.step) % options_.checkpoint.every_epochs == 0;
    return !saved_seconds_ || seconds() - *saved_seconds_ >= seconds_between_checkpoints;
}

template <class Real>
void TrainingLoop<Real>::save_checkpoint(bool at_end) {
    if (!store_ || (at_end && saved_step_ == state_.step)) return;
    if (!alive().empty()) {
        state_.live = backend_->get_state();
        state_.rule_memory = ahead_ ? ahead_->memory_before : scheduler_->memory;
    }
    if (!writing_begun_ && options_.checkpoint.before_first) options_.checkpoint.before_first();
    writing_begun_ = true;
    const CheckpointHeader header{state_.step, state_.step / run_.batches.steps_per_epoch, settings_, fingerprint_,
                                  options_.checkpoint.user_data};
    store_->save(state_.step, encode_checkpoint(header, shape(), state_));
    saved_step_ = state_.step;
    saved_seconds_ = seconds();
}

// One by one, as the class is instantiated beside the rest of its members.
template void TrainingLoop<float>::begin_from(const std::string&);
template void TrainingLoop<double>::begin_from(const std::string&);
template bool TrainingLoop<float>::checkpoint_is_due(bool) const;
template bool TrainingLoop<double>::checkpoint_is_due(bool) const;
template void TrainingLoop<float>::save_checkpoint(bool);
template void TrainingLoop<double>::save_checkpoint(bool);

}  // namespace glissade
