// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "glissade/error.hpp"
#include "host/cpu/aligned_array.hpp"
#include "host/cpu/layout.hpp"
#include "host/execution/backend.hpp"

namespace glissade::cpu {

/// Parameters and state of all members as a backend works on them, [parameters, state vectors] of [members][member_stride], and what they
/// were before the last segment.
template <class Real>
class LiveState {
public:
    LiveState(std::int64_t members, std::int64_t parameter_count, int state_vectors)
        : members_(members),
          parameter_count_(parameter_count),
          member_stride_(padded(parameter_count)),
          state_vectors_(state_vectors),
          live_((1 + state_vectors) * members * member_stride_),
          before_(live_.size()) {}

    Real* data() { return live_.data(); }

    void set(const TrainingState<Real>& state) {
        copy_in(state.parameters, 0);
        if (static_cast<int>(state.state.size()) != state_vectors_)
            fail(ErrorKind::internal, "a state of " + std::to_string(state.state.size()) + " vectors was given where the rule has " +
                                          std::to_string(state_vectors_));
        for (std::size_t i = 0; i < state.state.size(); ++i) copy_in(state.state[i], static_cast<std::int64_t>(i) + 1);
        can_roll_back_ = false;
    }
    TrainingState<Real> get() const {
        TrainingState<Real> state;
        state.parameters = copy_out(0);
        for (int i = 0; i < state_vectors_; ++i) state.state.push_back(copy_out(i + 1));
        return state;
    }
    /// To be called before a segment.
    void keep() {
        std::copy_n(live_.data(), live_.size(), before_.data());
        can_roll_back_ = true;
    }
    void roll_back() {
        if (!can_roll_back_) fail(ErrorKind::internal, "there is no segment to roll back");
        std::swap(live_, before_);
        can_roll_back_ = false;
    }

private:
    void copy_in(const std::vector<Real>& values, std::int64_t vector) {
        const std::int64_t wanted = members_ * parameter_count_;
        if (static_cast<std::int64_t>(values.size()) != wanted)
            fail(ErrorKind::internal, "a state vector of " + std::to_string(values.size()) + " values was given where " +
                                          std::to_string(wanted) + " are needed");
        for (std::int64_t m = 0; m < members_; ++m)
            std::copy_n(values.data() + m * parameter_count_, parameter_count_, live_.data() + (vector * members_ + m) * member_stride_);
    }
    std::vector<Real> copy_out(std::int64_t vector) const {
        std::vector<Real> values(static_cast<std::size_t>(members_ * parameter_count_));
        for (std::int64_t m = 0; m < members_; ++m)
            std::copy_n(live_.data() + (vector * members_ + m) * member_stride_, parameter_count_, values.data() + m * parameter_count_);
        return values;
    }

    std::int64_t members_, parameter_count_, member_stride_;
    int state_vectors_;
    AlignedArray<Real> live_, before_;
    bool can_roll_back_ = false;
};

}  // namespace glissade::cpu
