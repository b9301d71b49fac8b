#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "object/value.h"
#include "runtime/result.h"

namespace xebec::object {

// The part of kubectl's JSONPath that printer columns use: .a.b, ['a'], [0], [-1], [*], .*, and
// filters
// [?(@.type=="Ready")] with == != and a string, number or true/false; with or without surrounding
// {}. A value type.
class JsonPath {
 public:
  static Result<JsonPath> Parse(std::string_view text);

  // Calls fn with each match in order.
  void ForEach(const Value& root, const std::function<void(const Value&)>& fn) const;
  // The first match, Missing if there is none.
  Value First(const Value& root) const;
  // All matches as text, separated by spaces: strings as they are, the rest as JSON.
  std::string Text(const Value& root) const;
  const std::string& ToString() const { return text_; }

 private:
  struct Step {
    enum class Type { kField, kIndex, kAll, kFilter } type;
    std::string field{};              // kField
    int64_t index = 0;                // kIndex
    std::vector<std::string> left{};  // kFilter: the path behind @
    bool equal = true;                // kFilter
    std::string right{};              // kFilter: the literal's JSON
  };
  void Walk(const Value& value, size_t step, const std::function<bool(const Value&)>& fn,
            bool* stop) const;

  std::vector<Step> steps_;
  std::string text_;
};

}  // namespace xebec::object
