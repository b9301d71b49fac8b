#include "object/json_path.h"

#include <fmt/format.h>

#include <charconv>

namespace xebec::object {

namespace {

class PathParser {
 public:
  PathParser(std::string_view whole, std::string_view text) : whole_(whole), text_(text) {}

  Error Malformed(std::string_view what) const {
    return Error::InvalidInput(
        fmt::format("JSONPath \"{}\": {} at position {}", whole_.substr(0, 200), what, at_));
  }
  bool End() const { return at_ >= text_.size(); }
  char At() const { return End() ? '\0' : text_[at_]; }
  bool Take(char c) {
    if (At() != c || End()) return false;
    ++at_;
    return true;
  }
  bool Take(std::string_view s) {
    if (!text_.substr(at_).starts_with(s)) return false;
    at_ += s.size();
    return true;
  }
  void Space() {
    while (At() == ' ') ++at_;
  }

  // A field's name behind a dot; a backslash takes the next character as it is.
  std::string Name() {
    std::string name;
    while (!End() && std::string_view(".[]()=!<> ,'\"@").find(At()) == std::string_view::npos) {
      if (At() == '\\' && at_ + 1 < text_.size()) ++at_;
      name += text_[at_++];
    }
    return name;
  }

  // 'text' or "text", with backslash escapes.
  Result<std::string> Quoted() {
    char quote = At();
    ++at_;
    std::string out;
    while (!End() && At() != quote) {
      if (At() == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_++];
    }
    if (!Take(quote)) return Malformed("a quote does not end");
    return out;
  }

  Result<int64_t> Int() {
    int64_t v;
    auto [end, ec] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), v);
    if (ec != std::errc()) return Malformed("expected an index, a quoted name, * or a filter");
    at_ = static_cast<size_t>(end - text_.data());
    return v;
  }

  // The text of a number, true, false or null.
  std::string Bare() {
    size_t start = at_;
    while (!End() && At() != ')' && At() != ' ') ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

 private:
  std::string_view whole_;
  std::string_view text_;
  size_t at_ = 0;
};

// How a filter compares: strings by their text, the rest by their JSON.
std::string Comparable(const Value& v) {
  return v.IsString() ? std::string(v.AsString()) : v.Json();
}

}  // namespace

Result<JsonPath> JsonPath::Parse(std::string_view text) {
  std::string_view inner = text;
  if (inner.starts_with('{') && inner.ends_with('}') && inner.size() >= 2) {
    inner = inner.substr(1, inner.size() - 2);
  }
  if (inner.starts_with('$')) inner.remove_prefix(1);
  JsonPath path;
  path.text_ = text;
  PathParser p(text, inner);
  using Type = Step::Type;
  while (!p.End()) {
    if (p.Take("..")) return p.Malformed("recursive descent (..) is not supported");
    if (p.Take('.')) {
      if (p.End()) break;  // "." alone is the root
      if (p.At() == '[') continue;
      if (p.Take('*')) {
        path.steps_.push_back({.type = Type::kAll});
        continue;
      }
      std::string name = p.Name();
      if (name.empty()) return p.Malformed("expected a field's name");
      path.steps_.push_back({.type = Type::kField, .field = std::move(name)});
      continue;
    }
    if (!p.Take('[')) return p.Malformed("expected '.' or '['");
    if (p.Take('*')) {
      path.steps_.push_back({.type = Type::kAll});
    } else if (p.At() == '\'' || p.At() == '"') {
      XEBEC_ASSIGN_OR_RETURN(std::string name, p.Quoted());
      path.steps_.push_back({.type = Type::kField, .field = std::move(name)});
    } else if (p.Take("?(")) {
      Step step{.type = Type::kFilter};
      p.Space();
      if (!p.Take('@')) return p.Malformed("expected '@'");
      while (p.Take('.')) step.left.push_back(p.Name());
      p.Space();
      if (p.Take("==")) {
        step.equal = true;
      } else if (p.Take("!=")) {
        step.equal = false;
      } else {
        return p.Malformed("expected == or != in the filter");
      }
      p.Space();
      if (p.At() == '\'' || p.At() == '"') {
        XEBEC_ASSIGN_OR_RETURN(step.right, p.Quoted());
      } else {
        step.right = p.Bare();
        if (step.right.empty()) return p.Malformed("expected a value in the filter");
      }
      p.Space();
      if (!p.Take(')')) return p.Malformed("expected ')'");
      path.steps_.push_back(std::move(step));
    } else {
      XEBEC_ASSIGN_OR_RETURN(int64_t index, p.Int());
      path.steps_.push_back({.type = Type::kIndex, .index = index});
    }
    if (!p.Take(']')) return p.Malformed("expected ']'");
  }
  return path;
}

void JsonPath::Walk(const Value& value, size_t at, const std::function<bool(const Value&)>& fn,
                    bool* stop) const {
  if (*stop || value.IsMissing()) return;
  if (at == steps_.size()) {
    *stop = !fn(value);
    return;
  }
  const Step& step = steps_[at];
  switch (step.type) {
    case Step::Type::kField:
      return Walk(value[step.field], at + 1, fn, stop);
    case Step::Type::kIndex: {
      auto size = static_cast<int64_t>(value.size());
      int64_t index = step.index < 0 ? step.index + size : step.index;
      if (index >= 0 && index < size) Walk(value[static_cast<size_t>(index)], at + 1, fn, stop);
      return;
    }
    case Step::Type::kAll:
      for (Value v : value.Elements()) Walk(v, at + 1, fn, stop);
      for (auto [key, v] : value.Fields()) Walk(v, at + 1, fn, stop);
      return;
    case Step::Type::kFilter:
      for (Value v : value.Elements()) {
        Value left = v;
        for (const std::string& name : step.left) left = left[name];
        bool equal = !left.IsMissing() && Comparable(left) == step.right;
        if (equal == step.equal) Walk(v, at + 1, fn, stop);
      }
      return;
  }
}

void JsonPath::ForEach(const Value& root, const std::function<void(const Value&)>& fn) const {
  bool stop = false;
  Walk(root, 0, [&](const Value& v) { return fn(v), true; }, &stop);
}

Value JsonPath::First(const Value& root) const {
  Value found;
  bool stop = false;
  Walk(root, 0, [&](const Value& v) { return found = v, false; }, &stop);
  return found;
}

std::string JsonPath::Text(const Value& root) const {
  std::string out;
  ForEach(root, [&](const Value& v) {
    if (!out.empty()) out += ' ';
    out += Comparable(v);
  });
  return out;
}

}  // namespace xebec::object
