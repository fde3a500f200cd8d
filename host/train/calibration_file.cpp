// SPDX-License-Identifier: Apache-2.0
#include "host/train/calibration_file.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "glissade/device.hpp"
#include "host/execution/machine.hpp"
#include "host/train/atomic_file.hpp"
#include "host/train/settings_json.hpp"

namespace glissade {

namespace {

constexpr const char* calibration_format = "glissade-calibration";
constexpr std::int64_t calibration_version = 1;

template <class Record>
using Field = std::pair<const char*, double Record::*>;

constexpr std::array<Field<CpuRates>, 12> cpu_fields = {{{"late_row", &CpuRates::late_row},
                                                         {"late_byte", &CpuRates::late_byte},
                                                         {"row", &CpuRates::row},
                                                         {"output", &CpuRates::output},
                                                         {"value", &CpuRates::value},
                                                         {"parameter", &CpuRates::parameter},
                                                         {"state", &CpuRates::state},
                                                         {"barrier", &CpuRates::barrier},
                                                         {"step", &CpuRates::step},
                                                         {"step_of_single_row", &CpuRates::step_of_single_row},
                                                         {"entry", &CpuRates::entry},
                                                         {"entry_more", &CpuRates::entry_more}}};
constexpr std::array<Field<CardMeasures>, 10> card_fields = {{{"read_bytes_per_second", &CardMeasures::read_bytes_per_second},
                                                              {"gather_bytes_per_second", &CardMeasures::gather_bytes_per_second},
                                                              {"gather_row_bytes", &CardMeasures::gather_row_bytes},
                                                              {"cluster_barrier_seconds", &CardMeasures::cluster_barrier_seconds},
                                                              {"block_read_bytes_per_second", &CardMeasures::block_read_bytes_per_second},
                                                              {"l2_read_bytes_per_second", &CardMeasures::l2_read_bytes_per_second},
                                                              {"upload_bytes_per_second", &CardMeasures::upload_bytes_per_second},
                                                              {"block_barrier_seconds", &CardMeasures::block_barrier_seconds},
                                                              {"grid_barrier_seconds", &CardMeasures::grid_barrier_seconds},
                                                              {"launch_seconds", &CardMeasures::launch_seconds}}};
/// Older files lack these, which then were not measured.
constexpr std::array<Field<CardMeasures>, 4> later_card_fields = {
    {{"graph_node_seconds", &CardMeasures::graph_node_seconds},
     {"cluster_grid_barrier_seconds", &CardMeasures::cluster_grid_barrier_seconds},
     {"scattered_adds_per_second", &CardMeasures::scattered_adds_per_second},
     {"adds_to_one_per_second", &CardMeasures::adds_to_one_per_second}}};

template <class Record, std::size_t Count>
void add_fields(Json& json, const Record& record, const std::array<Field<Record>, Count>& fields) {
    for (const auto& [name, member] : fields) json.add(name, record.*member);
}
double measured(const char* name, const Json& json) {
    const double value = json.number();
    if (!std::isfinite(value) || value < 0) throw JsonError(std::string(name) + " is " + std::to_string(value));
    return value;
}
template <class Record, std::size_t Count>
void read_fields(const Json& json, Record& record, const std::array<Field<Record>, Count>& fields) {
    for (const auto& [name, member] : fields) record.*member = measured(name, json.at(name));
}

Calibration read_calibration(const Json& json) {
    if (json.at("format").text() != calibration_format) throw JsonError("its format is not " + std::string(calibration_format));
    if (json.at("version").integer() != calibration_version) throw JsonError("version " + json.at("version").dump() + " is not known");
    Calibration calibration;
    if (const Json* cpu = json.find("cpu"))
        if (cpu->at("processor").text() == processor_name() && cpu->at("processors").integer() == usable_processors()) {
            calibration.cpu.emplace();
            read_fields(*cpu, *calibration.cpu, cpu_fields);
        }
    for (const Json& card : json.at("cards").array()) {
        CardMeasures measures;
        measures.name = card.at("name").text();
        read_fields(card, measures, card_fields);
        for (const auto& [name, member] : later_card_fields)
            if (const Json* later = card.find(name)) measures.*member = measured(name, *later);
        calibration.cards.push_back(std::move(measures));
    }
    return calibration;
}

Json to_json(const Calibration& calibration) {
    Json json = Json::object({{"format", calibration_format}, {"version", calibration_version}});
    if (calibration.cpu) {
        Json cpu = Json::object({{"processor", processor_name()}, {"processors", std::int64_t{usable_processors()}}});
        add_fields(cpu, *calibration.cpu, cpu_fields);
        json.add("cpu", std::move(cpu));
    }
    Json cards = Json::Array();
    for (const CardMeasures& measures : calibration.cards) {
        Json card = Json::object({{"name", measures.name}});
        add_fields(card, measures, card_fields);
        add_fields(card, measures, later_card_fields);
        cards.add(std::move(card));
    }
    json.add("cards", std::move(cards));
    return json;
}

/// What is on file already, where that can be read at all.
Calibration on_file(const std::string& path) {
    try {
        return load_calibration(path);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::data) throw;
        return {};  // about to be replaced
    }
}

}  // namespace

std::string calibration_path() {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value ? value : "");
    };
    std::string folder = variable("XDG_CACHE_HOME");
    if (folder.empty() && !variable("HOME").empty()) folder = variable("HOME") + "/.cache";
    return folder.empty() ? "" : folder + "/glissade/calibration.json";
}

Calibration load_calibration(const std::string& path) {
    if (path.empty() || !regular_file_exists(posix_io(), path)) return {};
    const std::vector<std::byte> bytes = read_file(posix_io(), path);
    return reading_json(path, "calibration", [&] {
        return read_calibration(Json::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    });
}

void save_calibration(const std::string& path, const Calibration& calibration) {
    Calibration all = calibration;
    const Calibration before = on_file(path);
    if (!all.cpu) all.cpu = before.cpu;
    for (const CardMeasures& card : before.cards)
        if (!all.card(card.name)) all.cards.push_back(card);
    make_directories(posix_io(), parent_directory(path));
    const std::string text = to_json(all).dump() + "\n";
    write_file_atomically(posix_io(), path, std::as_bytes(std::span(text)));
}

}  // namespace glissade
