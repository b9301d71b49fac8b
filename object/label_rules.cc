#include <fmt/format.h>

#include "object/selector.h"

namespace xebec::object {

namespace {

constexpr size_t kMaxName = 63;
constexpr size_t kMaxPrefix = 253;

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// [A-Za-z0-9_.-], alphanumeric at both ends, at least one character.
bool IsName(std::string_view s) {
  if (s.empty() || !IsAlphanumeric(s.front()) || !IsAlphanumeric(s.back())) return false;
  for (char c : s) {
    if (!IsAlphanumeric(c) && c != '-' && c != '_' && c != '.') return false;
  }
  return true;
}

// Lower-case labels of a DNS name, joined by dots.
bool IsSubdomain(std::string_view s) {
  if (s.empty() || s.size() > kMaxPrefix) return false;
  char before = '.';
  for (char c : s) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && c != '-' && c != '.') return false;
    if (c == '.' && (before == '.' || before == '-')) return false;
    if (c == '-' && before == '.') return false;
    before = c;
  }
  return before != '.' && before != '-';
}

}  // namespace

std::string CheckLabelKey(std::string_view key) {
  std::string_view name = key;
  if (size_t slash = key.find('/'); slash != key.npos) {
    std::string_view prefix = key.substr(0, slash);
    name = key.substr(slash + 1);
    if (!IsSubdomain(prefix)) {
      return fmt::format(
          "\"{}\" is no label key: its prefix must be a lower-case DNS name of at "
          "most 253 characters",
          key);
    }
  }
  if (name.size() > kMaxName) {
    return fmt::format("\"{}\" is no label key: its name has more than 63 characters", key);
  }
  if (!IsName(name)) {
    return fmt::format(
        "\"{}\" is no label key: its name must consist of alphanumeric characters, "
        "'-', '_' or '.', and begin and end with an alphanumeric one",
        key);
  }
  return {};
}

std::string CheckLabelValue(std::string_view value) {
  if (value.size() > kMaxName) {
    return fmt::format("\"{}\" is no label value: it has more than 63 characters", value);
  }
  if (!value.empty() && !IsName(value)) {
    return fmt::format(
        "\"{}\" is no label value: it must consist of alphanumeric characters, "
        "'-', '_' or '.', and begin and end with an alphanumeric one",
        value);
  }
  return {};
}

}  // namespace xebec::object
