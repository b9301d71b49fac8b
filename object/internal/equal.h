#pragma once

#include <cstdint>

#include "object/internal/tape.h"

namespace xebec::object::internal {

// Equality of two values of two tapes (or of one). Fields in any order; numbers by value.
bool DeepEqual(const TapeReader& a, uint32_t pa, const TapeReader& b, uint32_t pb);

}  // namespace xebec::object::internal
