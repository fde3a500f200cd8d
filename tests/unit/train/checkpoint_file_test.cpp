// SPDX-License-Identifier: Apache-2.0
// Checkpoints whose checksums are right and whose numbers are not.
#include "host/train/checkpoint_file.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "host/train/safetensors.hpp"
#include "host/train/tensors.hpp"
#include "tests/support/error_of.hpp"

namespace glissade {
namespace {

const CheckpointShape one_member{.members = 1, .parameters = 2, .watches_loss = true};

std::vector<std::byte> checkpoint() {
    RunState<float> state;
    state.live.parameters = {1, 2};
    state.rule_memory.resize(2 * max_rule_memory);
    state.tracks.resize(1);
    return encode_checkpoint({3, 0, "{}", "", ""}, one_member, state);
}

/// The checkpoint with a number of one of its tensors replaced, checksums and all.
std::vector<std::byte> checkpoint_with(const std::string& name, std::size_t place, double number) {
    TensorFile file = decode(checkpoint(), "whole");
    for (Tensor& tensor : file.tensors)
        if (tensor.name == name) std::memcpy(tensor.bytes.data() + place * sizeof number, &number, sizeof number);
    return encode(file);
}

TEST(CheckpointFile, CountsAreWholeAndNotNegative) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(decode_checkpoint<float>(checkpoint(), "whole", one_member).step, 3);
    EXPECT_EQ(decode_checkpoint<float>(checkpoint_with("member.0.numbers", 3, 7), "f", one_member).tracks[0].validation_stalls, 7);
    const std::vector<std::pair<std::string, std::vector<std::size_t>>> counts = {{"member.0.numbers", {1, 3, 4}},
                                                                                  {"member.0.watch", {2, 3}}};
    for (const auto& tensor : counts) {
        const std::string& name = tensor.first;
        for (const std::size_t place : tensor.second)
            for (const double number : {1e300, -1.0, .5, nan}) {
                const auto error =
                    testing::error_of([&] { decode_checkpoint<float>(checkpoint_with(name, place, number), "f", one_member); });
                ASSERT_TRUE(error) << name << ' ' << place << ' ' << number;
                EXPECT_EQ(error->kind(), ErrorKind::data);
                EXPECT_EQ(std::string(error->what()), "f: tensor '" + name + "': number " + std::to_string(place) + " is not a count");
            }
    }
}

std::vector<std::byte> checkpoint_of(NetworkFamily family) {
    RunState<float> state;
    state.live.parameters = {1, 2};
    state.rule_memory.resize(2 * max_rule_memory);
    state.tracks.resize(1);
    state.network = family;
    return encode_checkpoint({3, 0, "{}", "", ""}, one_member, state);
}

TEST(CheckpointFile, NamesTheFamilyOfANetworkOnACard) {
    for (const NetworkFamily family : {NetworkFamily::segments, NetworkFamily::graph})
        EXPECT_EQ(decode_checkpoint<float>(checkpoint_of(family), "f", one_member).network, family);
    EXPECT_EQ(decode_checkpoint<float>(checkpoint_of(NetworkFamily::faster), "f", one_member).network, NetworkFamily::faster);
    EXPECT_EQ(decode(checkpoint_of(NetworkFamily::faster), "f").metadata.at("run").find("network_family"), std::string::npos)
        << "as checkpoints of earlier versions are";
    TensorFile file = decode(checkpoint_of(NetworkFamily::graph), "f");
    std::string& run = file.metadata.at("run");
    run.replace(run.find("graph"), 5, "grape");
    const auto error = testing::error_of([&] { decode_checkpoint<float>(encode(file), "f", one_member); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::data);
    EXPECT_EQ(std::string(error->what()), "f: metadata \"run\": network_family \"grape\" is neither segments nor graph");
}

}  // namespace
}  // namespace glissade
