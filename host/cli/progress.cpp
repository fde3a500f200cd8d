// SPDX-License-Identifier: Apache-2.0
#include "host/cli/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "host/cli/files.hpp"
#include "host/cli/text.hpp"

namespace glissade::cli {
namespace {

constexpr double redraw_seconds = 0.1;

std::size_t terminal_columns() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

std::string bar(double done) {
    constexpr int cells = 8;
    const int full = std::clamp(static_cast<int>(done * cells), 0, cells);
    return "[" + std::string(static_cast<std::size_t>(full), '#') + std::string(static_cast<std::size_t>(cells - full), '.') + "]";
}

double fraction_done(const Progress& progress) {
    return progress.total_steps > 0 ? static_cast<double>(progress.step) / static_cast<double>(progress.total_steps) : 0;
}

/// Which of several members the numbers are of.
std::string member_text(const Progress& progress) {
    return progress.members > 1 ? "  member " + std::to_string(progress.member) : "";
}

std::string rows_text(const Progress& progress) {
    return readable_rate(progress.rows_per_second) + "rows/s";
}

}  // namespace

std::string metrics_text(const Metrics& metrics) {
    std::string text;
    for (const auto& [name, value] : metrics.list()) {
        if (name == "log_loss" && value == metrics.loss) continue;  // the training loss is that already
        text += (text.empty() ? "" : ", ") + name + " " + brief(value);
    }
    return text;
}

std::string epoch_text(const EpochRecord& epoch, const Progress& progress) {
    std::string text = "epoch " + std::to_string(epoch.epoch) + "/" + std::to_string(progress.total_epochs) + member_text(progress) +
                       "  loss " + brief(epoch.loss);
    if (epoch.validation) text += "  validation " + metrics_text(*epoch.validation);
    return text + "  lr " + brief(epoch.lr) + "  " + rows_text(progress) + "  " + readable_seconds(epoch.seconds);
}

ProgressLine::ProgressLine(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) != 0) {}

void ProgressLine::show(const Progress& progress) {
    if (quiet_) return;
    if (!terminal_) {
        for (const EpochRecord& epoch : progress.finished_epochs)
            if (epoch.member == progress.member) note(epoch_text(epoch, progress));
        return;
    }
    const bool last = progress.step == progress.total_steps;
    if (!last && last_drawn_seconds_ >= 0 && progress.seconds - last_drawn_seconds_ < redraw_seconds) return;
    last_drawn_seconds_ = progress.seconds;
    redraw(progress);
}

void ProgressLine::redraw(const Progress& progress) {
    const double done = fraction_done(progress);
    const double left = done > 0 ? progress.seconds * (1 - done) / done : 0;
    const auto epoch = std::min(progress.epoch + (progress.epoch_ended ? 0 : 1), progress.total_epochs);
    std::string text = bar(done) + " epoch " + std::to_string(epoch) + "/" + std::to_string(progress.total_epochs) + "  " +
                       rows_text(progress) + member_text(progress) + "  loss " + brief(progress.loss) + "  " + readable_seconds(left) +
                       " left";
    if (progress.validation) {
        for (const std::string& part :
             {"  validation " + metrics_text(*progress.validation), "  val " + brief(progress.validation->loss)}) {
            if (text.size() + part.size() >= terminal_columns()) continue;
            text += part;
            break;
        }
    }
    text.resize(std::min(text.size(), terminal_columns() - 1));
    std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
    std::fflush(stderr);
    drawn_ = true;
}

void ProgressLine::end() {
    if (drawn_) std::fputc('\n', stderr);
    drawn_ = false;
}

}  // namespace glissade::cli
