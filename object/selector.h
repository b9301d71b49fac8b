#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "object/object.h"
#include "object/value.h"
#include "runtime/result.h"

namespace xebec::object {

// Which objects by their labels, with the semantics of Kubernetes: all requirements must hold, `!=`
// and `notin` hold for an object without the label, a selector without requirements matches
// everything. A value type.
class LabelSelector {
 public:
  enum class Op : uint8_t {
    kEquals,
    kNotEquals,
    kIn,
    kNotIn,
    kExists,
    kDoesNotExist,
    kGreaterThan,
    kLessThan
  };
  struct Requirement {
    std::string key;
    Op op = Op::kEquals;
    std::vector<std::string> values;                    // sorted, unique
    bool Matches(const std::string_view* value) const;  // nullptr: the label is absent
    std::string ToString() const;
    friend bool operator==(const Requirement&, const Requirement&) = default;
  };

  LabelSelector() = default;  // everything
  static LabelSelector Everything() { return {}; }
  static LabelSelector Nothing();
  // "a=b,c in (d,e),!f,g!=h,i,n>5". Fails: InvalidInput, with the position and what was expected.
  static Result<LabelSelector> Parse(std::string_view text);
  // The API's form: {"matchLabels": {…}, "matchExpressions": [{key, operator, values}]}. Missing or
  // null matches nothing, an empty object everything, as metav1.LabelSelectorAsSelector does.
  static Result<LabelSelector> FromJson(const Value& selector);
  static LabelSelector FromMap(const std::map<std::string, std::string>& labels);

  // Adds a requirement. Fails: InvalidInput on a key, value or number of values that the API
  // refuses.
  Result<void> Add(Requirement requirement);

  // `labels` is metadata.labels: an object of strings; Missing is no labels.
  bool Matches(const Value& labels) const;
  bool Matches(const std::map<std::string, std::string>& labels) const;
  bool IsEverything() const { return !nothing_ && requirements_.empty(); }
  bool IsNothing() const { return nothing_; }
  const std::vector<Requirement>& requirements() const { return requirements_; }
  // The string form, requirements sorted by key: "a=b,c in (d,e),!f". Nothing gives "" as well.
  std::string ToString() const;
  friend bool operator==(const LabelSelector&, const LabelSelector&) = default;

 private:
  std::vector<Requirement> requirements_;
  bool nothing_ = false;
};

// Which objects by the text of their fields: "metadata.name=a,status.phase!=Running". A missing
// field is "". `\` escapes `,`, `=` and itself in a value.
class FieldSelector {
 public:
  struct Requirement {
    std::string path;  // "metadata.name"
    bool equal = true;
    std::string value;
    friend bool operator==(const Requirement&, const Requirement&) = default;
  };

  FieldSelector() = default;  // everything
  static Result<FieldSelector> Parse(std::string_view text);
  static FieldSelector Equals(std::string path, std::string value);

  bool Matches(const Object& object) const;
  bool Matches(const Value& root) const;
  bool IsEverything() const { return requirements_.empty(); }
  const std::vector<Requirement>& requirements() const { return requirements_; }
  // The value that `path` must equal, nullptr if the selector does not say.
  const std::string* RequiredValue(std::string_view path) const;
  std::string ToString() const;
  friend bool operator==(const FieldSelector&, const FieldSelector&) = default;

 private:
  std::vector<Requirement> requirements_;
};

// The API's rules for labels, as in k8s.io/apimachinery/pkg/util/validation: "" if fine, else what
// is wrong.
std::string CheckLabelKey(std::string_view key);  // [prefix/]name
std::string CheckLabelValue(
    std::string_view value);  // at most 63 of [A-Za-z0-9_.-], alphanumeric at both ends

}  // namespace xebec::object
