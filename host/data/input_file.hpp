// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "host/data/memory_budget.hpp"

namespace glissade {

/// The bytes of a file to read: a plain file is mapped, a gzip file (known by its content) is inflated into memory, a pipe is read to
/// its end. Immutable, shared by everything that points into it. A file must not be cut short while it is mapped.
class InputFile {
public:
    /// Throws Error(io) if the file cannot be read, Error(data) if it is empty or its gzip stream is damaged, cut short or followed by
    /// other bytes, Error(memory) if what must be held in memory exceeds the budget.
    static std::shared_ptr<const InputFile> open(const std::string& path, MemoryBudget& budget);
    /// The name of a table that no file holds, for messages; without bytes.
    static std::shared_ptr<const InputFile> none(const std::string& name);
    ~InputFile();
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    const std::string& name() const { return name_; }
    std::string_view bytes() const { return bytes_; }

private:
    explicit InputFile(const std::string& path);
    void read_all(int descriptor, MemoryBudget& budget);
    void inflate_all(MemoryBudget& budget);

    std::string name_;
    std::string_view bytes_;
    void* mapped_ = nullptr;
    std::size_t mapped_bytes_ = 0;
    std::unique_ptr<char, void (*)(void*)> owned_;
};

}  // namespace glissade
