// SPDX-License-Identifier: Apache-2.0
#pragma once

// CLI11's parser by name alone: its header takes seconds to compile, and most that hand a parser on need no more than this.
namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
class Option;
}  // namespace CLI
