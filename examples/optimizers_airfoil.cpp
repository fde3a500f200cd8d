// SPDX-License-Identifier: Apache-2.0
// The optimizer comparison of the chapter "Optimization Algorithms" of "Dive into Deep Learning": eleven ways down the same slope. Prints
// one table and draws the loss curves into an SVG file.
//
//   optimizers_airfoil airfoil_self_noise.dat [curves.svg]
#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "glissade/glissade.hpp"

namespace {

struct Contender {
    const char* name;
    glissade::Optimizer optimizer;
    std::int64_t batch_size, epochs;
};

struct Curve {
    std::string name;
    std::vector<double> epochs, losses;
};

constexpr std::int64_t rows = 1500, features = 5;

/// Six numbers a line, each column standardised over the whole file; the last is the target.
void read_airfoil(const char* path, std::vector<double>& x, std::vector<double>& y) {
    std::ifstream in(path);
    std::vector<std::array<double, 6>> lines;
    for (std::array<double, 6> line; in >> line[0] >> line[1] >> line[2] >> line[3] >> line[4] >> line[5];) lines.push_back(line);
    if (static_cast<std::int64_t>(lines.size()) < rows)
        throw glissade::Error(glissade::ErrorKind::data, std::string(path) + ": fewer than 1500 rows of six numbers");
    for (std::size_t j = 0; j < 6; ++j) {
        double mean = 0, squares = 0;
        for (const auto& line : lines) mean += line[j] / static_cast<double>(lines.size());
        for (const auto& line : lines) squares += (line[j] - mean) * (line[j] - mean) / static_cast<double>(lines.size());
        for (auto& line : lines) line[j] = (line[j] - mean) / std::sqrt(squares);
    }
    for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
        x.insert(x.end(), lines[r].begin(), lines[r].begin() + features);
        y.push_back(lines[r][5]);
    }
}

/// Trains in short segments and measures the loss over all rows as it goes.
Curve descend(const Contender& contender, const glissade::Dataset& data, std::string& advice) {
    Curve curve{contender.name, {}, {}};
    glissade::TrainOptions options;
    options.loss = "squared";
    options.optimizer = contender.optimizer;
    options.schedule = "constant";
    options.batch_size = contender.batch_size;
    options.epochs = contender.epochs;
    const std::int64_t batch = contender.batch_size == glissade::full_batch ? rows : contender.batch_size;
    const std::int64_t total = contender.epochs * ((rows + batch - 1) / batch);
    constexpr std::int64_t points = 24;
    for (std::int64_t point = 0; point <= points; ++point) {
        options.max_steps = total * point / points;
        double loss = .493258972;  // at zero
        if (options.max_steps > 0) {
            const glissade::Run run = glissade::train(data, options);
            loss = run.model.evaluate(data).loss;
            advice = run.advice;
        }
        curve.epochs.push_back(static_cast<double>(contender.epochs * point) / static_cast<double>(points));
        curve.losses.push_back(loss);
    }
    return curve;
}

void draw(const std::vector<Curve>& curves, const std::string& path) {
    constexpr double width = 860, height = 480, left = 60, right = 220, top = 20, bottom = 50, low = .24, high = .34;
    constexpr std::array<const char*, 6> colours = {"#1b6ca8", "#d1495b", "#2a9d8f", "#8a5a83", "#e08e1b", "#4b4e6d"};
    double last = 0;
    for (const Curve& curve : curves) last = std::max(last, curve.epochs.back());
    const auto x_of = [&](double epoch) { return left + epoch / last * (width - left - right); };
    const auto y_of = [&](double loss) {
        return top + (high - std::min(std::max(loss, low), high)) / (high - low) * (height - top - bottom);
    };
    std::ofstream out(path);
    out << "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 " << width << ' ' << height
        << "' font-family='sans-serif' font-size='13'>\n"
        << "<rect width='100%' height='100%' fill='white'/>\n";
    for (double loss = low; loss < high + .005; loss += .02)
        out << "<line x1='" << left << "' x2='" << width - right << "' y1='" << y_of(loss) << "' y2='" << y_of(loss)
            << "' stroke='#ddd'/><text x='" << left - 8 << "' y='" << y_of(loss) + 4 << "' text-anchor='end'>"
            << std::round(loss * 100) / 100 << "</text>\n";
    for (int epoch = 0; epoch <= static_cast<int>(last); ++epoch)
        out << "<text x='" << x_of(epoch) << "' y='" << height - bottom + 20 << "' text-anchor='middle'>" << epoch << "</text>\n";
    out << "<text x='" << (left + width - right) / 2 << "' y='" << height - 8 << "' text-anchor='middle'>epoch</text>\n";
    for (std::size_t i = 0; i < curves.size(); ++i) {
        const std::string stroke = std::string(colours[i % colours.size()]) + (i < colours.size() ? "'" : "' stroke-dasharray='6 3'");
        out << "<polyline fill='none' stroke-width='2' stroke='" << stroke << " points='";
        for (std::size_t p = 0; p < curves[i].losses.size(); ++p)
            out << x_of(curves[i].epochs[p]) << ',' << y_of(curves[i].losses[p]) << ' ';
        const double row = top + 16 + 24 * static_cast<double>(i), key = width - right + 16;
        out << "'/>\n<line x1='" << key << "' x2='" << key + 24 << "' y1='" << row << "' y2='" << row << "' stroke-width='2' stroke='"
            << stroke << "/><text x='" << key + 32 << "' y='" << row + 4 << "'>" << curves[i].name << "</text>\n";
    }
    out << "</svg>\n";
    if (!out.flush()) throw glissade::Error(glissade::ErrorKind::io, path + ": cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
    using namespace glissade;
    if (argc < 2 || argc > 3) return std::fprintf(stderr, "usage: optimizers_airfoil airfoil_self_noise.dat [curves.svg]\n"), 2;
    try {
        std::vector<double> x, y;
        read_airfoil(argv[1], x, y);
        const Dataset data = Dataset::borrow(MatrixView<const double>(x.data(), rows, features), y);
        const std::vector<Contender> contenders = {{"descent lr 1", Sgd{.lr = 1}, full_batch, 6},
                                                   {"sgd .005, batch 1", Sgd{.lr = .005}, 1, 2},
                                                   {"sgd .4, batch 100", Sgd{.lr = .4}, 100, 2},
                                                   {"sgd .05", Sgd{.lr = .05}, 10, 2},
                                                   {"momentum .02, .5", Sgd{.lr = .02, .momentum = .5}, 10, 2},
                                                   {"momentum .004, .9", Sgd{.lr = .004, .momentum = .9}, 10, 2},
                                                   {"adagrad .1", Adagrad{.lr = .1}, 10, 2},
                                                   {"rmsprop .01", RmsProp{.lr = .01, .alpha = .9}, 10, 2},
                                                   {"adadelta .9", Adadelta{.rho = .9, .eps = 1e-5}, 10, 2},
                                                   {"adam .01", Adam{.lr = .01}, 10, 2},
                                                   {"yogi .01", Yogi{.lr = .01}, 10, 2}};
        std::vector<Curve> curves;
        std::printf("%-20s %6s %7s  %10s\n", "optimizer", "batch", "epochs", "loss");
        for (const Contender& contender : contenders) {
            std::string advice;
            curves.push_back(descend(contender, data, advice));
            std::printf("%-20s %6lld %7lld  %10.6f%s%s\n", contender.name,
                        static_cast<long long>(contender.batch_size == full_batch ? rows : contender.batch_size),
                        static_cast<long long>(contender.epochs), curves.back().losses.back(), advice.empty() ? "" : "  ", advice.c_str());
        }
        std::printf("%-20s %6s %7s  %10.6f\n", "least squares", "", "", .241687955);
        const std::string path = argc == 3 ? argv[2] : "optimizers_airfoil.svg";
        draw(curves, path);
        std::printf("curves: %s\n", path.c_str());
    } catch (const std::exception& error) {
        return std::fprintf(stderr, "optimizers_airfoil: %s\n", error.what()), 1;
    }
    return 0;
}
