#include <fmt/format.h>

#include "object/selector.h"

namespace xebec::object {

namespace {

std::string Escape(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '\\' || c == ',' || c == '=') out += '\\';
    out += c;
  }
  return out;
}

Error Malformed(std::string_view text, std::string_view what) {
  return Error::InvalidInput(fmt::format("field selector \"{}\": {}", text.substr(0, 200), what));
}

// One "path=value", "path==value" or "path!=value"; the value unescaped.
Result<FieldSelector::Requirement> ParseOne(std::string_view text, std::string_view term) {
  size_t at = term.find_first_of("=!");
  if (at == term.npos) return Malformed(text, fmt::format("\"{}\" has no = or !=", term));
  FieldSelector::Requirement r;
  r.path = term.substr(0, at);
  if (r.path.empty()) return Malformed(text, "a field's path is empty");
  if (term[at] == '!') {
    if (at + 1 >= term.size() || term[at + 1] != '=') {
      return Malformed(text, fmt::format("\"{}\" has no = or !=", term));
    }
    r.equal = false;
    at += 2;
  } else {
    at += term.substr(at).starts_with("==") ? 2 : 1;
  }
  for (; at < term.size(); ++at) {
    if (term[at] == '=') return Malformed(text, "a '=' in a value must be written \\=");
    if (term[at] != '\\') {
      r.value += term[at];
      continue;
    }
    if (++at == term.size()) return Malformed(text, "it ends in a backslash");
    if (term[at] != '\\' && term[at] != ',' && term[at] != '=') {
      return Malformed(text, fmt::format("unknown escape \\{}", term[at]));
    }
    r.value += term[at];
  }
  return r;
}

std::string FieldText(const Value& root, std::string_view path) {
  Value v = root;
  while (!path.empty()) {
    size_t dot = path.find('.');
    v = v[path.substr(0, dot)];
    path = dot == path.npos ? std::string_view() : path.substr(dot + 1);
  }
  if (v.IsString()) return std::string(v.AsString());
  return v.IsNull() ? std::string() : v.Json();
}

}  // namespace

Result<FieldSelector> FieldSelector::Parse(std::string_view text) {
  FieldSelector selector;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '\\') {
      ++i;
      continue;
    }
    if (i < text.size() && text[i] != ',') continue;
    std::string_view term = text.substr(start, i - start);
    start = i + 1;
    if (term.empty()) continue;  // as the API does
    XEBEC_ASSIGN_OR_RETURN(Requirement r, ParseOne(text, term));
    selector.requirements_.push_back(std::move(r));
  }
  if (start < text.size()) {  // the text ends in an escape
    XEBEC_ASSIGN_OR_RETURN(Requirement r, ParseOne(text, text.substr(start)));
    selector.requirements_.push_back(std::move(r));
  }
  return selector;
}

FieldSelector FieldSelector::Equals(std::string path, std::string value) {
  FieldSelector selector;
  selector.requirements_.push_back({std::move(path), true, std::move(value)});
  return selector;
}

bool FieldSelector::Matches(const Object& object) const {
  if (requirements_.empty()) return true;
  return Matches(object.root());
}

bool FieldSelector::Matches(const Value& root) const {
  for (const Requirement& r : requirements_) {
    if ((FieldText(root, r.path) == r.value) != r.equal) return false;
  }
  return true;
}

const std::string* FieldSelector::RequiredValue(std::string_view path) const {
  for (const Requirement& r : requirements_) {
    if (r.equal && r.path == path) return &r.value;
  }
  return nullptr;
}

std::string FieldSelector::ToString() const {
  std::string out;
  for (const Requirement& r : requirements_) {
    if (!out.empty()) out += ',';
    out += r.path + (r.equal ? "=" : "!=") + Escape(r.value);
  }
  return out;
}

}  // namespace xebec::object
