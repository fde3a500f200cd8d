// SPDX-License-Identifier: Apache-2.0
#include "host/cpu/simd_targets.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/update_float.cpp"
#include "hwy/foreach_target.h"
//
#include "host/cpu/update-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace glissade::cpu::HWY_NAMESPACE {
UpdateLoop<float> pick_update_float(int rule, int variant, bool averaging) {
    return pick_update<float>(rule, variant, averaging);
}
}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace glissade::cpu {
HWY_EXPORT(pick_update_float);
template <>
UpdateLoop<float> update_loop<float>(int rule, int variant, bool averaging) {
    return HWY_DYNAMIC_DISPATCH(pick_update_float)(rule, variant, averaging);
}
}  // namespace glissade::cpu
#endif
