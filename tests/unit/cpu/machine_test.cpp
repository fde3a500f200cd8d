// SPDX-License-Identifier: Apache-2.0
#include "host/execution/machine.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "glissade/device.hpp"

namespace glissade {
namespace {

/// A made-up /sys/fs/cgroup.
class Groups {
public:
    Groups() : root_(std::filesystem::temp_directory_path() / ("glissade_groups_" + std::to_string(getpid()))) {
        std::filesystem::remove_all(root_);
        std::filesystem::create_directories(root_);
    }
    ~Groups() { std::filesystem::remove_all(root_); }
    void write(const std::string& path, const std::string& text) const {
        std::filesystem::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path) << text;
    }
    const std::filesystem::path& root() const { return root_; }

private:
    std::filesystem::path root_;
};

TEST(Machine, HasAProcessorAndMemory) {
    EXPECT_GE(usable_processors(), 1);
    EXPECT_GT(available_memory_bytes(), 1 << 20);
    EXPECT_FALSE(processor_name().empty());
}

TEST(Machine, ReadsLimitsOfVersionTwoAndTakesTheTightestAbove) {
    const Groups groups;
    groups.write("jobs/mine/cpu.max", "max 100000\n");
    groups.write("jobs/cpu.max", "150000 100000\n");
    groups.write("jobs/mine/memory.max", "1000000\n");
    groups.write("jobs/mine/memory.current", "400000\n");
    groups.write("jobs/mine/memory.stat", "anon 5\ninactive_file 100000\nactive_file 7\n");
    groups.write("jobs/memory.max", "max\n");
    const CgroupLimits limits = read_cgroup_limits("0::/jobs/mine\n", groups.root());
    EXPECT_EQ(limits.processors, 1.5);
    EXPECT_EQ(limits.memory_bytes, 700'000);
}

TEST(Machine, ReadsLimitsOfVersionOne) {
    const Groups groups;
    groups.write("cpu,cpuacct/mine/cpu.cfs_quota_us", "300000\n");
    groups.write("cpu,cpuacct/mine/cpu.cfs_period_us", "100000\n");
    groups.write("cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    groups.write("cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    groups.write("memory/mine/memory.limit_in_bytes", "5000\n");
    groups.write("memory/mine/memory.usage_in_bytes", "6000\n");
    groups.write("memory/memory.limit_in_bytes", "9223372036854771712\n");
    const CgroupLimits limits = read_cgroup_limits("4:memory:/mine\n1:cpu,cpuacct:/mine\n", groups.root());
    EXPECT_EQ(limits.processors, 3.0);
    EXPECT_EQ(limits.memory_bytes, 0);
}

TEST(Machine, HasNoLimitsWhereThereAreNoGroups) {
    const Groups groups;
    const CgroupLimits limits = read_cgroup_limits("0::/not/here\nnonsense\n", groups.root());
    EXPECT_FALSE(limits.processors);
    EXPECT_FALSE(limits.memory_bytes);
}

}  // namespace
}  // namespace glissade
