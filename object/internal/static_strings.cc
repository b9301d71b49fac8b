#include "object/internal/static_strings.h"

#include <array>

namespace xebec::object::internal {

#define XEBEC_STATIC_STRING(text) {text, sizeof(text) - 1},
const StaticStringEntry kStaticStrings[] = {
#include "object/internal/static_strings.inc"
};
#undef XEBEC_STATIC_STRING
const uint32_t kStaticStringCount = sizeof(kStaticStrings) / sizeof(kStaticStrings[0]);

namespace {

static_assert(sizeof(kStaticStrings) / sizeof(kStaticStrings[0]) <= kStaticSlots / 2);

// Filled at start-up by the constructor below; until then every string is unknown, which is
// correct, only larger.
uint16_t slots[kStaticSlots];

const bool filled = [] {
  for (uint32_t i = 0; i < kStaticStringCount; ++i) {
    auto [data, size] = kStaticStrings[i];
    uint32_t slot = static_cast<uint32_t>(HashBytes(data, size) >> 40) & (kStaticSlots - 1);
    while (slots[slot] != 0) slot = (slot + 1) & (kStaticSlots - 1);
    slots[slot] = static_cast<uint16_t>(i + 1);
  }
  return true;
}();

}  // namespace

const uint16_t* const kStaticSlotTable = slots;

}  // namespace xebec::object::internal
