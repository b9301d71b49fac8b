#include "object/selector.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace xebec::object {

namespace {

using Op = LabelSelector::Op;
using Requirement = LabelSelector::Requirement;

std::optional<int64_t> ToInt(std::string_view s) {
  int64_t v;
  auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), v);
  if (ec != std::errc() || end != s.data() + s.size()) return std::nullopt;
  return v;
}

// The string form, one requirement after another.
class SelectorParser {
 public:
  explicit SelectorParser(std::string_view text) : text_(text) {}

  Result<LabelSelector> Parse() {
    LabelSelector selector;
    Space();
    if (At() == kEnd) return selector;
    for (;;) {
      XEBEC_ASSIGN_OR_RETURN(Requirement requirement, One());
      Result<void> added = selector.Add(std::move(requirement));
      if (!added.ok()) return std::move(added).error().Wrap(Where());
      Space();
      if (At() == kEnd) return selector;
      if (At() != ',') return Expected("',' or the end");
      ++at_;
      Space();
    }
  }

 private:
  static constexpr char kEnd = '\0';

  char At() const { return at_ < text_.size() ? text_[at_] : kEnd; }
  void Space() {
    while (At() == ' ' || At() == '\t' || At() == '\n' || At() == '\r') ++at_;
  }
  std::string Where() const { return fmt::format("label selector \"{}\"", text_.substr(0, 200)); }
  Error Expected(std::string_view what) const {
    std::string found = at_ >= text_.size() ? "the end" : fmt::format("'{}'", text_[at_]);
    return Error::InvalidInput(
        fmt::format("{}: expected {} at position {}, found {}", Where(), what, at_, found));
  }

  // A run of characters that are no operators; may be empty.
  std::string_view Word() {
    Space();
    size_t start = at_;
    while (at_ < text_.size() &&
           std::string_view("=!<>(), \t\n\r").find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    return text_.substr(start, at_ - start);
  }

  Result<Requirement> One() {
    Requirement r;
    if (At() == '!') {
      ++at_;
      r.key = Word();
      r.op = Op::kDoesNotExist;
      if (r.key.empty()) return Expected("a label key");
      return r;
    }
    r.key = Word();
    if (r.key.empty()) return Expected("a label key");
    Space();
    char c = At();
    if (c == kEnd || c == ',') {
      r.op = Op::kExists;
      return r;
    }
    if (c == '=' || c == '!' || c == '<' || c == '>') return Comparison(std::move(r));
    size_t start = at_;
    std::string_view word = Word();
    if (word != "in" && word != "notin") {
      at_ = start;
      return Expected("an operator (= == != in notin < >)");
    }
    r.op = word == "in" ? Op::kIn : Op::kNotIn;
    return Set(std::move(r));
  }

  Result<Requirement> Comparison(Requirement r) {
    char c = At();
    ++at_;
    if (c == '!') {
      if (At() != '=') return Expected("'='");
      ++at_;
      r.op = Op::kNotEquals;
    } else if (c == '=') {
      if (At() == '=') ++at_;
      r.op = Op::kEquals;
    } else {
      r.op = c == '<' ? Op::kLessThan : Op::kGreaterThan;
    }
    r.values.emplace_back(Word());
    return r;
  }

  Result<Requirement> Set(Requirement r) {
    Space();
    if (At() != '(') return Expected("'('");
    ++at_;
    for (;;) {
      r.values.emplace_back(Word());
      Space();
      if (At() == ',') {
        ++at_;
      } else if (At() == ')') {
        ++at_;
        return r;
      } else {
        return Expected("',' or ')'");
      }
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

template <class Lookup>
bool AllMatch(const std::vector<Requirement>& requirements, Lookup&& lookup) {
  for (const Requirement& r : requirements) {
    std::optional<std::string_view> value = lookup(r.key);
    if (!r.Matches(value ? &*value : nullptr)) return false;
  }
  return true;
}

Result<Op> OperatorNamed(std::string_view name) {
  if (name == "In") return Op::kIn;
  if (name == "NotIn") return Op::kNotIn;
  if (name == "Exists") return Op::kExists;
  if (name == "DoesNotExist") return Op::kDoesNotExist;
  return Error::InvalidInput(
      fmt::format("\"{}\" is no operator: use In, NotIn, Exists or DoesNotExist", name));
}

}  // namespace

bool Requirement::Matches(const std::string_view* value) const {
  switch (op) {
    case Op::kEquals:
    case Op::kIn:
      return value && std::binary_search(values.begin(), values.end(), *value);
    case Op::kNotEquals:
    case Op::kNotIn:
      return !value || !std::binary_search(values.begin(), values.end(), *value);
    case Op::kExists:
      return value != nullptr;
    case Op::kDoesNotExist:
      return value == nullptr;
    case Op::kGreaterThan:
    case Op::kLessThan: {
      if (value == nullptr) return false;
      std::optional<int64_t> have = ToInt(*value), limit = ToInt(values.front());
      if (!have || !limit) return false;
      return op == Op::kGreaterThan ? *have > *limit : *have < *limit;
    }
  }
  return false;
}

std::string Requirement::ToString() const {
  std::string joined = fmt::format("{}", fmt::join(values, ","));
  switch (op) {
    case Op::kEquals:
      return key + "=" + joined;
    case Op::kNotEquals:
      return key + "!=" + joined;
    case Op::kIn:
      return key + " in (" + joined + ")";
    case Op::kNotIn:
      return key + " notin (" + joined + ")";
    case Op::kExists:
      return key;
    case Op::kDoesNotExist:
      return "!" + key;
    case Op::kGreaterThan:
      return key + ">" + joined;
    case Op::kLessThan:
      return key + "<" + joined;
  }
  return {};
}

LabelSelector LabelSelector::Nothing() {
  LabelSelector selector;
  selector.nothing_ = true;
  return selector;
}

Result<LabelSelector> LabelSelector::Parse(std::string_view text) {
  return SelectorParser(text).Parse();
}

LabelSelector LabelSelector::FromMap(const std::map<std::string, std::string>& labels) {
  LabelSelector selector;
  for (const auto& [key, value] : labels) {
    selector.requirements_.push_back({key, Op::kEquals, {value}});
  }
  return selector;
}

Result<LabelSelector> LabelSelector::FromJson(const Value& json) {
  if (json.IsMissing() || json.IsNull()) return Nothing();
  if (!json.IsObject()) {
    return Error::InvalidInput(
        fmt::format("label selector: expected an object, got {}", KindName(json.kind())));
  }
  LabelSelector selector;
  auto at = [](Result<void> result, std::string where) -> Result<void> {
    if (result.ok()) return result;
    return std::move(result).error().Wrap("label selector: " + where);
  };
  for (auto [key, value] : json["matchLabels"].Fields()) {
    if (!value.IsString()) {
      return Error::InvalidInput(fmt::format("label selector: matchLabels[{}] is {}, not a string",
                                             key, KindName(value.kind())));
    }
    XEBEC_TRY(at(selector.Add({std::string(key), Op::kEquals, {std::string(value.AsString())}}),
                 "matchLabels"));
  }
  size_t index = 0;
  for (Value expression : json["matchExpressions"].Elements()) {
    std::string where = fmt::format("matchExpressions[{}]", index++);
    Result<Op> op = OperatorNamed(expression["operator"].AsString());
    if (!op.ok()) return std::move(op).error().Wrap("label selector: " + where);
    Requirement requirement{std::string(expression["key"].AsString()), *op, {}};
    for (Value v : expression["values"].Elements()) requirement.values.emplace_back(v.AsString());
    XEBEC_TRY(at(selector.Add(std::move(requirement)), where));
  }
  return selector;
}

Result<void> LabelSelector::Add(Requirement r) {
  if (std::string wrong = CheckLabelKey(r.key); !wrong.empty()) return Error::InvalidInput(wrong);
  switch (r.op) {
    case Op::kIn:
    case Op::kNotIn:
      if (r.values.empty()) {
        return Error::InvalidInput(fmt::format("{}: In and NotIn need values", r.key));
      }
      break;
    case Op::kEquals:
    case Op::kNotEquals:
      if (r.values.size() != 1) {
        return Error::InvalidInput(fmt::format("{}: = and != need one value", r.key));
      }
      break;
    case Op::kExists:
    case Op::kDoesNotExist:
      if (!r.values.empty()) {
        return Error::InvalidInput(
            fmt::format("{}: Exists and DoesNotExist take no values", r.key));
      }
      break;
    case Op::kGreaterThan:
    case Op::kLessThan:
      if (r.values.size() != 1 || !ToInt(r.values[0])) {
        return Error::InvalidInput(fmt::format("{}: < and > need one integer", r.key));
      }
      break;
  }
  for (const std::string& value : r.values) {
    if (std::string wrong = CheckLabelValue(value); !wrong.empty()) {
      return Error::InvalidInput(fmt::format("{}: {}", r.key, wrong));
    }
  }
  std::sort(r.values.begin(), r.values.end());
  r.values.erase(std::unique(r.values.begin(), r.values.end()), r.values.end());
  auto place =
      std::upper_bound(requirements_.begin(), requirements_.end(), r,
                       [](const Requirement& a, const Requirement& b) { return a.key < b.key; });
  requirements_.insert(place, std::move(r));
  return {};
}

bool LabelSelector::Matches(const Value& labels) const {
  if (nothing_) return false;
  return AllMatch(requirements_, [&](std::string_view key) -> std::optional<std::string_view> {
    Value v = labels[key];
    if (!v.IsString()) return std::nullopt;
    return v.AsString();
  });
}

bool LabelSelector::Matches(const std::map<std::string, std::string>& labels) const {
  if (nothing_) return false;
  return AllMatch(requirements_, [&](const std::string& key) -> std::optional<std::string_view> {
    auto it = labels.find(key);
    if (it == labels.end()) return std::nullopt;
    return it->second;
  });
}

std::string LabelSelector::ToString() const {
  std::string out;
  for (const Requirement& r : requirements_) {
    if (!out.empty()) out += ',';
    out += r.ToString();
  }
  return out;
}

}  // namespace xebec::object
