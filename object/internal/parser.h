// From the wire to a tape: simdjson parses, a walk over its result writes ours.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "object/ids.h"
#include "object/object.h"
#include "runtime/result.h"

namespace xebec::object::internal {

Result<Object> ParseObject(std::string_view json, const ParseOptions& options);

// A parser with its memory, which it keeps from text to text. Taken from a small pool of the
// process and given back by the destructor. One fiber at a time; its methods do not park.
class WireParser {
 public:
  WireParser();
  ~WireParser();
  WireParser(const WireParser&) = delete;
  WireParser& operator=(const WireParser&) = delete;

  // Parses text[from, to), an object, into a tape. Bytes behind it are not looked at, but let a
  // copy be saved. `add_kind`: where the object has no kind and apiVersion, these come first.
  Result<Object> ParseSlice(std::string_view text, size_t from, size_t to,
                            const ParseOptions& options, const GroupVersionKind* add_kind);

  // Parses {"type": "…", "object": {…}}; the type's text is copied to *type.
  Result<Object> ParseEvent(std::string_view line, const ParseOptions& options, std::string* type);

  struct Scratch;

 private:
  std::unique_ptr<Scratch> scratch_;
};

// "malformed JSON at offset 12: …" for text[from, to) of a larger text, or `otherwise` where the
// slow reader finds nothing wrong.
Error MalformedJson(std::string_view text, size_t from, size_t to, const ParseOptions& options,
                    std::string_view otherwise);

}  // namespace xebec::object::internal
