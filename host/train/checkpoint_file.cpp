// SPDX-License-Identifier: Apache-2.0
#include "host/train/checkpoint_file.hpp"

#include <xxhash.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <memory>

#include "glissade/checkpoint.hpp"
#include "host/data/device_memory.hpp"
#include "host/train/settings_json.hpp"
#include "host/train/store.hpp"
#include "host/train/tensors.hpp"

// A checkpoint: the safetensors layout with tensors `parameters` [alive, P], `state.<i>` [alive, P], of sparse runs `waiting`
// (host/execution/idle.hpp), `solver.<i>` (of a living member whose rule the host drives), `rule_memory`, and for each member m
// `member.<m>.numbers` (losses and counters), `member.<m>.watch` (of a schedule that watches the loss), `member.<m>.best` and
// `member.<m>.final` where there are any; metadata `format`,
// `format_version`, `run` (JSON: step, settings, fingerprint, user data, of a network on a card its family) and `members` (JSON: history
// and divergence of each).
namespace glissade {

namespace {

constexpr const char* format_name = "glissade-checkpoint";
constexpr const char* format_version = "1";
constexpr std::size_t numbers_a_member = 6;
constexpr std::size_t numbers_a_watch = 5;

Json to_json(const EpochRecord& record) {
    Json out = Json::object(
        {{"epoch", record.epoch}, {"step", record.step}, {"lr", record.lr}, {"loss", record.loss}, {"seconds", record.seconds}});
    if (record.validation) out.add("validation", glissade::to_json(*record.validation));
    return out;
}

EpochRecord record_from_json(const Json& in, std::int64_t member) {
    EpochRecord record{in.at("epoch").integer(),
                       in.at("step").integer(),
                       in.at("lr").number(),
                       in.at("loss").number(),
                       in.at("seconds").number(),
                       std::nullopt,
                       member};
    if (const Json* validation = in.find("validation")) record.validation = metrics_from_json(*validation);
    return record;
}

template <class Real>
Json track_json(const MemberTrack<Real>& track) {
    Json::Array history;
    for (const EpochRecord& record : track.history) history.push_back(to_json(record));
    Json out = Json::object({{"alive", track.alive}, {"history", std::move(history)}});
    if (track.divergence)
        out.add("divergence", Json::object({{"step", track.divergence->step},
                                            {"epoch", track.divergence->epoch},
                                            {"batch", track.divergence->batch},
                                            {"member", track.divergence->member},
                                            {"message", track.divergence->message}}));
    return out;
}

template <class Real>
MemberTrack<Real> track_from_json(const Json& in, std::int64_t member) {
    MemberTrack<Real> track;
    track.alive = in.at("alive").boolean();
    for (const Json& record : in.at("history").array()) track.history.push_back(record_from_json(record, member));
    if (const Json* d = in.find("divergence"))
        track.divergence = Divergence{d->at("step").integer(), d->at("epoch").integer(), d->at("batch").integer(),
                                      d->at("member").integer(), d->at("message").text()};
    return track;
}

std::string member_key(std::size_t m, const char* what) {
    return "member." + std::to_string(m) + "." + what;
}

/// A count that is stored as a double.
std::int64_t count_in(const std::vector<double>& numbers, std::size_t i, const std::string& key, const std::string& path) {
    constexpr double most = 9007199254740992;  // 2^53: beyond, doubles do not count
    if (!(numbers[i] >= 0 && numbers[i] <= most && numbers[i] == std::floor(numbers[i])))
        fail(ErrorKind::data, path + ": tensor '" + key + "': number " + std::to_string(i) + " is not a count");
    return static_cast<std::int64_t>(numbers[i]);
}

void add_watch(TensorFile& file, std::size_t m, const LossWatch& watch) {
    const std::array<double, numbers_a_watch> numbers = {watch.rate, watch.best, static_cast<double>(watch.stalls),
                                                         static_cast<double>(watch.cooldown), watch.over ? 1.0 : 0.0};
    file.tensors.push_back(make_tensor<double>(member_key(m, "watch"), {static_cast<std::int64_t>(numbers.size())}, numbers));
}

LossWatch read_watch(const TensorFile& file, std::size_t m, const std::string& path) {
    const std::string key = member_key(m, "watch");
    const auto numbers = read_tensor<double>(file, key, numbers_a_watch, path);
    return {numbers[0], numbers[1], count_in(numbers, 2, key, path), count_in(numbers, 3, key, path), numbers[4] != 0};
}

template <class Real>
void add_track(TensorFile& file, std::size_t m, const MemberTrack<Real>& track, std::int64_t parameters) {
    const std::array<double, numbers_a_member> numbers = {track.best_loss,
                                                          static_cast<double>(track.best_epoch),
                                                          track.lowest_training_loss,
                                                          static_cast<double>(track.validation_stalls),
                                                          static_cast<double>(track.training_stalls),
                                                          track.epoch_loss};
    file.tensors.push_back(make_tensor<double>(member_key(m, "numbers"), {static_cast<std::int64_t>(numbers.size())}, numbers));
    if (!track.best_parameters.empty())
        file.tensors.push_back(make_tensor<Real>(member_key(m, "best"), {parameters}, track.best_parameters));
    if (!track.final_parameters.empty())
        file.tensors.push_back(make_tensor<Real>(member_key(m, "final"), {parameters}, track.final_parameters));
}

template <class Real>
void read_track(const TensorFile& file, std::size_t m, const std::string& path, std::int64_t parameters, MemberTrack<Real>& track) {
    const std::string key = member_key(m, "numbers");
    const auto numbers = read_tensor<double>(file, key, numbers_a_member, path);
    track.best_loss = numbers[0];
    track.best_epoch = count_in(numbers, 1, key, path);
    track.lowest_training_loss = numbers[2];
    track.validation_stalls = count_in(numbers, 3, key, path);
    track.training_stalls = count_in(numbers, 4, key, path);
    track.epoch_loss = numbers[5];
    if (track.best_epoch > 0)
        track.best_parameters = read_tensor<Real>(file, member_key(m, "best"), static_cast<std::size_t>(parameters), path);
    if (!track.alive) track.final_parameters = read_tensor<Real>(file, member_key(m, "final"), static_cast<std::size_t>(parameters), path);
}

std::string metadata(const TensorFile& file, const std::string& key, const std::string& path) {
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end())
        fail(ErrorKind::data, path + ": header: no \"" + key + "\" in the metadata: not a Glissade checkpoint");
    return found->second;
}

void check_format(const TensorFile& file, const std::string& path) {
    if (metadata(file, "format", path) != format_name)
        fail(ErrorKind::data, path + ": header: its format is \"" + metadata(file, "format", path) + "\", not " + format_name);
    if (metadata(file, "format_version", path) != format_version)
        fail(ErrorKind::data,
             path + ": header: format version " + metadata(file, "format_version", path) + " is not known to this version of Glissade");
}

CheckpointHeader header_of(const TensorFile& file, const std::string& path) {
    check_format(file, path);
    return reading_json(path, "metadata \"run\"", [&] {
        const Json in = Json::parse(metadata(file, "run", path));
        CheckpointHeader header{in.at("step").integer(), in.at("epoch").integer(), in.at("settings").text(), in.at("fingerprint").text(),
                                in.at("user_data").text()};
        if (header.step < 0) fail(ErrorKind::data, path + ": metadata \"run\": a negative step");
        return header;
    });
}

/// Of a network that ran on a card; earlier versions do not say.
NetworkFamily network_family_of(const TensorFile& file, const std::string& path) {
    return reading_json(path, "metadata \"run\"", [&] {
        const Json in = Json::parse(metadata(file, "run", path));
        const Json* const word = in.find("network_family");
        if (!word) return NetworkFamily::faster;
        for (const NetworkFamily family : {NetworkFamily::segments, NetworkFamily::graph})
            if (word->text() == word_for(family)) return family;
        fail(ErrorKind::data, path + ": metadata \"run\": network_family \"" + word->text() + "\" is neither segments nor graph");
    });
}

template <class Real>
void hash_reals(XXH3_state_t* state, const Real* values, std::int64_t count) {
    XXH3_128bits_update(state, values, static_cast<std::size_t>(count) * sizeof(Real));
}

template <class Real>
void hash_data(XXH3_state_t* state, const Dataset& data) {
    if (data.is_sparse()) {
        const SparseView<const Real> x = data.sparse<Real>();
        for (std::int64_t r = 0; r < x.rows; ++r) {
            const std::int64_t begin = x.offsets[r], count = x.offsets[r + 1] - begin;
            XXH3_128bits_update(state, &count, sizeof count);
            XXH3_128bits_update(state, x.indices + begin, static_cast<std::size_t>(count) * sizeof(std::uint32_t));
            hash_reals(state, x.values + begin, count);
        }
    } else {
        device_memory::visit_rows<Real>(data, [&](MatrixView<const Real> x) {
            for (std::int64_t r = 0; r < x.rows; ++r) hash_reals(state, x.row(r), x.columns);
        });
    }
    if (data.has_targets()) hash_reals(state, data.targets<Real>().data(), data.rows() * data.target_count());
    if (data.has_weights()) hash_reals(state, data.weights<Real>().data(), data.rows());
}

}  // namespace

template <class Real>
std::vector<std::byte> encode_checkpoint(const CheckpointHeader& header, const CheckpointShape& shape, const RunState<Real>& state) {
    TensorFile file;
    const std::int64_t alive = static_cast<std::int64_t>(state.live.parameters.size()) / shape.parameters;
    file.tensors.push_back(make_tensor<Real>("parameters", {alive, shape.parameters}, state.live.parameters));
    for (std::size_t i = 0; i < state.live.state.size(); ++i)
        file.tensors.push_back(make_tensor<Real>("state." + std::to_string(i), {alive, shape.parameters}, state.live.state[i]));
    file.tensors.push_back(make_tensor<double>("rule_memory", {static_cast<std::int64_t>(state.rule_memory.size())}, state.rule_memory));
    if (shape.waiting > 0) file.tensors.push_back(make_tensor<double>("waiting", {alive, shape.waiting}, state.live.waiting));
    for (std::size_t i = 0; i < state.live.solver.size(); ++i)
        file.tensors.push_back(make_tensor<double>("solver." + std::to_string(i), {static_cast<std::int64_t>(state.live.solver[i].size())},
                                                   state.live.solver[i]));
    Json::Array members;
    for (std::size_t m = 0; m < state.tracks.size(); ++m) {
        members.push_back(track_json(state.tracks[m]));
        add_track(file, m, state.tracks[m], shape.parameters);
        if (shape.watches_loss) add_watch(file, m, state.tracks[m].watch);
    }
    Json run = Json::object({{"step", header.step},
                             {"epoch", header.epoch},
                             {"settings", header.settings},
                             {"fingerprint", header.fingerprint},
                             {"user_data", header.user_data}});
    if (state.network != NetworkFamily::faster) run.add("network_family", std::string(word_for(state.network)));
    file.metadata = {
        {"format", format_name}, {"format_version", format_version}, {"run", run.dump()}, {"members", Json(std::move(members)).dump()}};
    return encode(file);
}

CheckpointHeader decode_checkpoint_header(std::span<const std::byte> bytes, const std::string& path) {
    return header_of(decode(bytes, path), path);
}

template <class Real>
RunState<Real> decode_checkpoint(std::span<const std::byte> bytes, const std::string& path, const CheckpointShape& shape) {
    const TensorFile file = decode(bytes, path);
    RunState<Real> state;
    state.step = header_of(file, path).step;
    state.network = network_family_of(file, path);
    std::int64_t alive = 0;
    reading_json(path, "metadata \"members\"", [&] {
        const Json in = Json::parse(metadata(file, "members", path));
        for (const Json& member : in.array())
            state.tracks.push_back(track_from_json<Real>(member, static_cast<std::int64_t>(state.tracks.size())));
    });
    if (static_cast<std::int64_t>(state.tracks.size()) != shape.members)
        fail(ErrorKind::data,
             path + ": it holds " + std::to_string(state.tracks.size()) + " members, the run has " + std::to_string(shape.members));
    for (std::size_t m = 0; m < state.tracks.size(); ++m) {
        read_track(file, m, path, shape.parameters, state.tracks[m]);
        if (shape.watches_loss) state.tracks[m].watch = read_watch(file, m, path);
        alive += state.tracks[m].alive ? 1 : 0;
    }
    const auto count = static_cast<std::size_t>(alive * shape.parameters);
    state.live.parameters = read_tensor<Real>(file, "parameters", count, path);
    for (int i = 0; i < shape.state_vectors; ++i)
        state.live.state.push_back(read_tensor<Real>(file, "state." + std::to_string(i), count, path));
    if (shape.waiting > 0) state.live.waiting = read_tensor<double>(file, "waiting", static_cast<std::size_t>(alive * shape.waiting), path);
    state.rule_memory = read_tensor<double>(file, "rule_memory", static_cast<std::size_t>(alive) * 2 * max_rule_memory, path);
    for (std::int64_t i = 0; shape.driven_by_host && i < alive; ++i) {
        const std::string name = "solver." + std::to_string(i);
        const std::size_t size = find_tensor(file, name, path).bytes.size() / sizeof(double);
        state.live.solver.push_back(read_tensor<double>(file, name, size, path));
    }
    return state;
}

std::string fingerprint(const Dataset& data) {
    const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
    XXH3_128bits_reset(state.get());
    const std::array<std::int64_t, 6> shape = {data.rows(),         data.columns(),
                                               data.target_count(), real_bytes(data.real_type()),
                                               data.has_targets(),  data.has_weights() + (data.is_sparse() ? 2 : 0)};
    XXH3_128bits_update(state.get(), shape.data(), sizeof shape);
    if (data.rows() > 0) data.real_type() == RealType::float32 ? hash_data<float>(state.get(), data) : hash_data<double>(state.get(), data);
    const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
    std::array<char, 33> text{};
    std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                  static_cast<unsigned long long>(hash.low64));
    return text.data();
}

CheckpointInfo newest_checkpoint(const std::string& directory) {
    CheckpointStore store(posix_io(), directory);
    CheckpointHeader header;
    const auto loaded = store.load_newest(
        [&](std::span<const std::byte> bytes, const std::string& path) { header = decode_checkpoint_header(bytes, path); });
    if (!loaded) fail(ErrorKind::data, directory + ": there is no checkpoint");
    CheckpointInfo info{store.path_of(loaded->step), header.step, header.epoch, header.settings, header.user_data, {}};
    for (const std::string& reason : loaded->skipped) info.skipped += (info.skipped.empty() ? "" : "; ") + reason;
    return info;
}

template std::vector<std::byte> encode_checkpoint(const CheckpointHeader&, const CheckpointShape&, const RunState<float>&);
template std::vector<std::byte> encode_checkpoint(const CheckpointHeader&, const CheckpointShape&, const RunState<double>&);
template RunState<float> decode_checkpoint(std::span<const std::byte>, const std::string&, const CheckpointShape&);
template RunState<double> decode_checkpoint(std::span<const std::byte>, const std::string&, const CheckpointShape&);

}  // namespace glissade
