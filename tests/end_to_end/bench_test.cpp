// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/small_tables.hpp"

namespace glissade::test {
namespace {

TEST(Bench, MeasuresTheCpuAgainstTheProbeAndSaysWhyCudaIsLeftOut) {
    const Ended ended =
        Workplace().run({"bench", "--rows", "20000", "--features", "16", "--epochs", "2", "--threads", "1", "--device", "cpu", "--json"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    const auto json = ended.json();
    ASSERT_GE(json["runs"].size(), 1u);
    for (const auto& run : json["runs"]) {
        EXPECT_GT(run["epoch_seconds"]["median"], 0);
        EXPECT_EQ(run["threads"], 1);
        EXPECT_LT(run["held_out"]["loss"], .65) << "below ln 2, that of a coin: the generated classes can be learnt";
    }
    EXPECT_GT(json["probes"][0]["read_bytes_per_second"], 0);
    EXPECT_EQ(json["cuda_left_out"], "--device cpu");
}

TEST(Bench, GivesTheShareOfTheProbeUnlessTheDataIsInACache) {
    const Workplace place;
    const auto small =
        place.run({"bench", "--rows", "20", "--epochs", "1", "--batch-sizes", "full", "--threads", "1", "--device", "cpu", "--json"})
            .json();
    const bool fits = small["machine"]["last_cache_bytes"] > small["data_bytes"];  // 0 where the machine does not tell its cache
    EXPECT_EQ(small["runs"][0]["fraction_of_probe"].is_null(), fits);
    EXPECT_EQ(small["runs"][0]["fits_cache"], fits ? nlohmann::json("the processor's last cache") : nlohmann::json());
    EXPECT_EQ(small["runs"][0]["batch_size"], 20) << "full";

    const Ended text = place.run({"bench", "--rows", "20", "--epochs", "1", "--threads", "1", "--device", "cpu", "--report", "bench.html"});
    for (const std::string& shown : {text.out, place.read("bench.html")}) {
        EXPECT_EQ(shown.find("% of the probe") == std::string::npos, fits) << shown;
        EXPECT_EQ(shown.find(", from a cache") != std::string::npos, fits) << shown;
    }
}

TEST(Bench, SaysHowManyThreadsRan) {
    const Ended ended = Workplace().run({"bench", "--rows", "20000", "--features", "16", "--epochs", "1", "--threads", "2", "--device",
                                         "cpu", "--batch-sizes", "8,full", "--json"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    const auto json = ended.json();
    ASSERT_EQ(json["runs"].size(), 3u) << ended.out;
    EXPECT_EQ(json["runs"][0]["threads"], 1);
    EXPECT_EQ(json["runs"][2]["threads"], 2);
    EXPECT_EQ(json["runs"][2]["name"], "CPU, 2 threads");
    ASSERT_EQ(json["threads_left_out"].size(), 1u) << "with batches of 8 the plan takes one of two";
    EXPECT_EQ(json["threads_left_out"][0], "batch 8: of 2 threads the plan takes 1, which is measured already");
}

TEST(Bench, RefusesRowsOfGeneratedDataBesideData) {
    Workplace place;
    write_line(place, "line.csv", 30);
    for (const char* flag : {"--rows", "--features"}) {
        const Ended ended = place.run({"bench", "line.csv", "--target", "y", flag, "10"});
        EXPECT_EQ(ended.code, 2);
        EXPECT_NE(ended.err.find(std::string(flag) + " is of generated data"), std::string::npos) << ended.err;
    }
}

TEST(Bench, VerifyHoldsTheCpuToTheReference) {
    Workplace place;
    write_line(place, "line.csv", 300);
    for (const char* optimizer : {"sgd", "adam"}) {
        const Ended ended = place.run({"bench", "line.csv", "--target", "y", "--epochs", "2", "--batch-size", "32", "--optimizer",
                                       optimizer, "--verify", "--json", "--threads", "1", "--device", "cpu"});
        ASSERT_EQ(ended.code, 0) << ended.err;
        const auto verification = ended.json()["verification"];
        ASSERT_EQ(verification["backends"].size(), 1u);
        EXPECT_TRUE(verification["backends"][0]["inside"]);
        EXPECT_GT(verification["backends"][0]["largest_difference"], 0) << "float32 does round";
    }
}

TEST(Bench, SaysOfSparseRowsWhatTheProbeLeavesOut) {
    Workplace place;
    std::string rows;
    for (int r = 0; r < 200; ++r)
        rows += (r % 2 == 0 ? "1 " : "-1 ") + std::to_string(1 + r % 2) + ":1 " + std::to_string(5 + r % 90) + ":1\n";
    place.write("rows.libsvm", rows);
    std::vector<std::string> bench = {"bench", "rows.libsvm", "--sparse", "on", "--epochs", "2", "--threads", "1", "--device", "cpu"};
    EXPECT_NE(place.run(bench).out.find("rows are sparse: the probe reads"), std::string::npos);
    bench.emplace_back("--json");
    const auto json = place.run(bench).json();
    EXPECT_NE(json["caution"].get<std::string>().find("not probed"), std::string::npos);
    const Ended cuda = place.run({"bench", "rows.libsvm", "--sparse", "on", "--device", "cuda:7"});
    EXPECT_NE(cuda.code, 0) << "there are no eight cards here";
    EXPECT_EQ(cuda.err.find("sparse rows are measured on the CPU only"), std::string::npos) << cuda.err;
}

TEST(Bench, MeasuresEachBatchSizeAndDrawsThem) {
    Workplace place;
    const Ended ended = place.run({"bench", "--rows", "4000", "--features", "4", "--epochs", "1", "--threads", "1", "--device", "cpu",
                                   "--batch-sizes", "64,512", "--report", "bench.html"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    for (const char* part : {"CPU, 1 thread, batch 64\n", "CPU, 1 thread, batch 512\n", "prepare", "rows a second\n", "####"})
        EXPECT_NE(ended.out.find(part), std::string::npos) << part << " in\n" << ended.out;
    const std::string page = place.read("bench.html");
    for (const char* part : {"rows a second over the batch size", "<th>speed-up</th>", "probe, 1 thread", "</html>"})
        EXPECT_NE(page.find(part), std::string::npos) << part;
    EXPECT_EQ(place.run({"bench", "--batch-sizes", "64,x"}).code, 2);
    EXPECT_EQ(place.run({"bench", "--batch-sizes", "0"}).code, 2);
    EXPECT_EQ(place.run({"bench", "--batch-sizes", "64,"}).code, 2);
    EXPECT_EQ(place.run({"bench", "--report", "no/such/folder/bench.html"}).code, 1);
}

TEST(Calibrate, WritesWhatItMeasuredAndPlansGoByIt) {
    Workplace place;
    const Ended ended = place.run({"calibrate", "--device", "cpu", "--output", "cache/glissade/calibration.json", "--json"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    const auto cpu = ended.json()["cpu"];
    for (const char* name : {"row_seconds", "value_seconds", "parameter_seconds", "step_seconds"}) EXPECT_GT(cpu[name], 0) << name;
    EXPECT_LT(cpu["value_seconds"], cpu["row_seconds"]) << "a feature of many costs less than a row";
    EXPECT_TRUE(place.has("cache/glissade/calibration.json"));
    EXPECT_EQ(place.run({"calibrate", "--device", "tpu"}).code, 2);
    EXPECT_EQ(place.run({"calibrate", "extra"}).code, 2);
}

}  // namespace
}  // namespace glissade::test
