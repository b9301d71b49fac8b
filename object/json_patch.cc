#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "object/internal/json_tree.h"
#include "object/patch.h"

namespace xebec::object {

namespace internal {

bool JsonEqual(const OrderedJson& a, const OrderedJson& b) {
  if (a.is_object() && b.is_object()) {
    if (a.size() != b.size()) return false;
    for (auto it = a.begin(); it != a.end(); ++it) {
      auto other = b.find(it.key());
      if (other == b.end() || !JsonEqual(it.value(), *other)) return false;
    }
    return true;
  }
  if (a.is_array() && b.is_array()) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), JsonEqual);
  }
  return a == b;
}

size_t JsonSize(const OrderedJson& json) {
  if (json.is_string()) return json.get_ref<const std::string&>().size() + 2;
  size_t size = 8;
  if (json.is_structured()) {
    for (auto it = json.begin(); it != json.end(); ++it) {
      size += JsonSize(it.value()) + (json.is_object() ? it.key().size() + 3 : 1);
    }
  }
  return size;
}

}  // namespace internal

namespace {

using internal::JsonEqual;
using internal::OrderedJson;
using internal::PatchDoesNotFit;

constexpr size_t kMaxOperations = 10'000;
constexpr size_t kMaxCopied = 16 << 20;

// RFC 6901: "/a/b~1c" as its reference tokens.
Result<std::vector<std::string>> ParsePointer(const std::string& text, const std::string& where) {
  std::vector<std::string> tokens;
  if (text.empty()) return tokens;
  if (text[0] != '/') {
    return Error::BadRequest(
        fmt::format("{}: \"{}\" must be empty or start with '/'", where, text));
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      tokens.emplace_back();
    } else if (text[i] == '~') {
      char next = i + 1 < text.size() ? text[i + 1] : '\0';
      if (next != '0' && next != '1') {
        return Error::BadRequest(fmt::format("{}: \"{}\": '~' must be ~0 or ~1", where, text));
      }
      tokens.back() += next == '0' ? '~' : '/';
      ++i;
    } else {
      tokens.back() += text[i];
    }
  }
  return tokens;
}

// An array's index: digits without a leading zero. Nothing where it is none.
std::optional<size_t> ParseIndex(const std::string& token) {
  if (token.empty() || (token.size() > 1 && token[0] == '0')) return std::nullopt;
  size_t index;
  auto [end, ec] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (ec != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return index;
}

class Patcher {
 public:
  explicit Patcher(OrderedJson document) : document_(std::move(document)) {}

  Result<void> Apply(const OrderedJson& operation, size_t index) {
    where_ = fmt::format("JSON patch operation {}", index);
    if (!operation.is_object()) return Error::BadRequest(where_ + ": expected an object");
    XEBEC_ASSIGN_OR_RETURN(std::string op, Text(operation, "op"));
    XEBEC_ASSIGN_OR_RETURN(path_text_, Text(operation, "path"));
    where_ += fmt::format(" ({} {})", op, path_text_);
    XEBEC_ASSIGN_OR_RETURN(auto path, ParsePointer(path_text_, where_));
    if (op == "remove") return Remove(path);
    if (op == "add" || op == "replace" || op == "test") {
      auto value = operation.find("value");
      if (value == operation.end()) return Error::BadRequest(where_ + ": \"value\" is missing");
      if (op == "add") return Add(path, *value);
      if (op == "replace") return Replace(path, *value);
      return Test(path, *value);
    }
    if (op == "move" || op == "copy") {
      XEBEC_ASSIGN_OR_RETURN(std::string from_text, Text(operation, "from"));
      XEBEC_ASSIGN_OR_RETURN(auto from, ParsePointer(from_text, where_));
      return op == "move" ? Move(from, path) : Copy(from, path);
    }
    return Error::BadRequest(fmt::format(
        "{}: unknown operation (add, remove, replace, move, copy and test exist)", where_));
  }

  OrderedJson Take() { return std::move(document_); }

 private:
  using Pointer = std::vector<std::string>;

  Result<std::string> Text(const OrderedJson& operation, const char* key) const {
    auto it = operation.find(key);
    if (it == operation.end() || !it->is_string()) {
      return Error::BadRequest(fmt::format("{}: \"{}\" is missing or no string", where_, key));
    }
    return it->get<std::string>();
  }

  Error Missing(const std::string& token) const {
    return PatchDoesNotFit(
        fmt::format("{}: there is no \"{}\" in the document on this path", where_, token));
  }

  Result<OrderedJson*> Find(const Pointer& pointer, size_t count) {
    OrderedJson* at = &document_;
    for (size_t i = 0; i < count; ++i) {
      if (at->is_object()) {
        auto it = at->find(pointer[i]);
        if (it == at->end()) return Missing(pointer[i]);
        at = &*it;
      } else if (at->is_array()) {
        XEBEC_ASSIGN_OR_RETURN(size_t index, Index(*at, pointer[i], false));
        at = &(*at)[index];
      } else {
        return Missing(pointer[i]);
      }
    }
    return at;
  }

  // An index into `array`; with `insert` also its end, "-" or the size.
  Result<size_t> Index(const OrderedJson& array, const std::string& token, bool insert) const {
    if (token == "-" && insert) return array.size();
    std::optional<size_t> index = ParseIndex(token);
    if (!index) {
      return PatchDoesNotFit(fmt::format("{}: \"{}\" is no index of an array", where_, token));
    }
    if (*index >= array.size() + (insert ? 1 : 0)) {
      return PatchDoesNotFit(fmt::format("{}: index {} is beyond the array's {} elements", where_,
                                         token, array.size()));
    }
    return *index;
  }

  Result<void> Add(const Pointer& path, OrderedJson value) {
    if (path.empty()) {
      document_ = std::move(value);
      return {};
    }
    XEBEC_ASSIGN_OR_RETURN(OrderedJson * parent, Find(path, path.size() - 1));
    if (parent->is_object()) {
      (*parent)[path.back()] = std::move(value);
      return {};
    }
    if (!parent->is_array()) return Missing(path.back());
    XEBEC_ASSIGN_OR_RETURN(size_t index, Index(*parent, path.back(), true));
    parent->insert(parent->begin() + static_cast<ptrdiff_t>(index), std::move(value));
    return {};
  }

  Result<void> Remove(const Pointer& path) {
    if (path.empty()) return PatchDoesNotFit(where_ + ": the whole document cannot be removed");
    XEBEC_TRY(Find(path, path.size()));
    XEBEC_ASSIGN_OR_RETURN(OrderedJson * parent, Find(path, path.size() - 1));
    if (parent->is_object()) {
      parent->erase(path.back());
    } else {
      parent->erase(*ParseIndex(path.back()));
    }
    return {};
  }

  Result<void> Replace(const Pointer& path, const OrderedJson& value) {
    XEBEC_ASSIGN_OR_RETURN(OrderedJson * place, Find(path, path.size()));
    *place = value;
    return {};
  }

  Result<void> Test(const Pointer& path, const OrderedJson& value) {
    XEBEC_ASSIGN_OR_RETURN(OrderedJson * place, Find(path, path.size()));
    if (!JsonEqual(*place, value)) {
      return PatchDoesNotFit(where_ + ": the test failed, the document holds another value");
    }
    return {};
  }

  Result<void> Move(const Pointer& from, const Pointer& path) {
    if (path.size() > from.size() && std::equal(from.begin(), from.end(), path.begin())) {
      return PatchDoesNotFit(where_ + ": a value cannot move into itself");
    }
    XEBEC_ASSIGN_OR_RETURN(OrderedJson * place, Find(from, from.size()));
    if (from.empty()) return {};  // path equals from: nothing to do
    OrderedJson value = *place;
    XEBEC_TRY(Remove(from));
    return Add(path, std::move(value));
  }

  Result<void> Copy(const Pointer& from, const Pointer& path) {
    XEBEC_ASSIGN_OR_RETURN(OrderedJson * place, Find(from, from.size()));
    copied_ += internal::JsonSize(*place);
    if (copied_ > kMaxCopied) {
      return PatchDoesNotFit(where_ + ": the patch copies more than 16 MiB");
    }
    return Add(path, OrderedJson(*place));
  }

  OrderedJson document_;
  std::string where_;
  std::string path_text_;
  size_t copied_ = 0;
};

}  // namespace

Result<OrderedJson> ApplyJsonPatch(OrderedJson document, const OrderedJson& patch) {
  if (!patch.is_array()) {
    return Error::BadRequest(
        "a JSON patch is an array of operations, such as "
        "[{\"op\": \"add\", \"path\": \"/a\", \"value\": 1}]");
  }
  if (patch.size() > kMaxOperations) {
    return Error::BadRequest(fmt::format("a JSON patch of {} operations: at most {} are allowed",
                                         patch.size(), kMaxOperations));
  }
  Patcher patcher(std::move(document));
  for (size_t i = 0; i < patch.size(); ++i) XEBEC_TRY(patcher.Apply(patch[i], i));
  return patcher.Take();
}

}  // namespace xebec::object
