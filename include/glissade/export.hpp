// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Marks what the shared library exports. Everything is compiled with hidden visibility; a public class or function that is not inline
/// carries this.
#define GLISSADE_EXPORT __attribute__((visibility("default")))
