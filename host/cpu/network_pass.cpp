// SPDX-License-Identifier: Apache-2.0
#include "host/cpu/network_pass.hpp"

#include "glissade/random.hpp"

namespace glissade::cpu {

template <class Real>
void NetworkPass<Real>::forward(const NetworkScratch& at, const PassRows<Real>& rows, const Real* parameters,
                                const Dropped& dropped) const {
    const Real* input = rows.scratch + at.input_at;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        const DenseLayer& layer = layers_[i];
        const bool last = i + 1 == layers_.size();
        Real* sums = rows.scratch + (last ? at.scores_at : at.sums_at[i]);
        multiply(Product<Real>{rows.count,
                               layer.outputs,
                               layer.inputs,
                               {input, layer.inputs, false},
                               {parameters + layer.weights_at, layer.inputs, true},
                               sums,
                               layer.outputs,
                               false},
                 *rows.buffer);
        if (last) return;
        Real* values = rows.scratch + at.values_at[i];
        loops_.activate(
            {rows.count, layer.outputs, sums, values, layer.bias ? parameters + layer.biases_at() : nullptr, hidden_.constants});
        if (dropped.share > 0) {
            const std::int64_t blocks = (layer.outputs + 3) / 4;
            loops_.drop({rows.count, layer.outputs, sums, values, dropped.seed, dropout_stream(i, dropped.step),
                         static_cast<std::uint64_t>(dropped.first_row * blocks), dropped.share});
        }
        input = values;
    }
}

template <class Real>
void NetworkPass<Real>::backward(const NetworkScratch& at, const PassRows<Real>& rows, const Real* parameters, bool first,
                                 Real* sums) const {
    Real* slopes = rows.scratch + at.scores_at;
    for (std::size_t i = layers_.size(); i-- > 0;) {
        const DenseLayer& layer = layers_[i];
        const bool hidden = i + 1 < layers_.size();
        loops_.turn({rows.count, layer.outputs, slopes, hidden ? rows.scratch + at.sums_at[i] : nullptr,
                     layer.bias ? sums + layer.biases_at() : nullptr, first});
        const Real* inputs = rows.scratch + (i == 0 ? at.input_at : at.values_at[i - 1]);
        multiply(Product<Real>{layer.outputs,
                               layer.inputs,
                               rows.count,
                               {slopes, layer.outputs, true},
                               {inputs, layer.inputs, false},
                               sums + layer.weights_at,
                               layer.inputs,
                               !first},
                 *rows.buffer);
        if (i == 0) return;
        Real* before = rows.scratch + at.turned_at[i % 2];
        multiply(Product<Real>{rows.count,
                               layer.inputs,
                               layer.outputs,
                               {slopes, layer.outputs, false},
                               {parameters + layer.weights_at, layer.inputs, false},
                               before,
                               layer.inputs,
                               false},
                 *rows.buffer);
        slopes = before;
    }
}

template class NetworkPass<float>;
template class NetworkPass<double>;

}  // namespace glissade::cpu
