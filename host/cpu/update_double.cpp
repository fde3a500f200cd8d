// SPDX-License-Identifier: Apache-2.0
#include "host/cpu/simd_targets.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/update_double.cpp"
#include "hwy/foreach_target.h"
//
#include "host/cpu/update-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace glissade::cpu::HWY_NAMESPACE {
UpdateLoop<double> pick_update_double(int rule, int variant, bool averaging) {
    return pick_update<double>(rule, variant, averaging);
}
}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace glissade::cpu {
HWY_EXPORT(pick_update_double);
template <>
UpdateLoop<double> update_loop<double>(int rule, int variant, bool averaging) {
    return HWY_DYNAMIC_DISPATCH(pick_update_double)(rule, variant, averaging);
}
}  // namespace glissade::cpu
#endif
