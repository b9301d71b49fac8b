// The room's own door into Value and Object.
#pragma once

#include <cstdint>
#include <utility>

#include "object/internal/tape.h"
#include "object/object.h"
#include "object/value.h"

namespace xebec::object::internal {

class Access {
 public:
  static Value MakeValue(gc::Ref<gc::Blob> rep, uint32_t pos) { return Value(rep, pos); }
  static const gc::Ref<gc::Blob>& Rep(const Value& v) { return v.rep_; }
  static uint32_t Pos(const Value& v) { return v.pos_; }
  // For a value that is not Missing.
  static TapeReader Reader(const Value& v) { return TapeReader(v.rep_.get()->data()); }

  static Object MakeObject(gc::Ref<gc::Blob> rep) { return Object(rep); }
  static const gc::Root<gc::Blob>& Root(const Object& o) { return o.rep_; }
};

}  // namespace xebec::object::internal
