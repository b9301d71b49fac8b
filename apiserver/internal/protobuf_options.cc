#include "apiserver/internal/protobuf_options.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "apiserver/internal/status.h"

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

// Reads the fields of one protobuf message one after another.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}

  // The next field; false at the end or at malformed bytes (then bad() is true).
  bool Next() {
    if (rest_.empty() || bad_) return false;
    const uint64_t tag = Varint();
    number_ = tag >> 3;
    bytes_ = {};
    value_ = 0;
    switch (tag & 7) {
      case 0:
        value_ = Varint();
        break;
      case 1:
        Take(8);
        break;
      case 2:
        bytes_ = Take(Varint());
        break;
      case 5:
        Take(4);
        break;
      default:
        bad_ = true;
    }
    return !bad_;
  }

  uint64_t number() const { return number_; }
  uint64_t value() const { return value_; }
  std::string text() const { return std::string(bytes_); }
  std::string_view bytes() const { return bytes_; }
  bool bad() const { return bad_; }

 private:
  uint64_t Varint() {
    uint64_t out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      out |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return out;
    }
    bad_ = true;
    return 0;
  }
  std::string_view Take(uint64_t size) {
    if (bad_ || size > rest_.size()) {
      bad_ = true;
      return {};
    }
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

  std::string_view rest_, bytes_;
  uint64_t number_ = 0, value_ = 0;
  bool bad_ = false;
};

// True if all bytes could be read.
bool ReadPreconditions(std::string_view bytes, Json& out) {
  FieldReader reader(bytes);
  out = Json::object();
  while (reader.Next()) {
    if (reader.number() == 1) out["uid"] = reader.text();
    if (reader.number() == 2) out["resourceVersion"] = reader.text();
  }
  return !reader.bad();
}

bool ReadOptions(std::string_view bytes, Json& out) {
  FieldReader reader(bytes);
  bool good = true;
  while (reader.Next()) {
    switch (reader.number()) {
      case 1:
        out["gracePeriodSeconds"] = static_cast<int64_t>(reader.value());
        break;
      case 2:
        good = good && ReadPreconditions(reader.bytes(), out["preconditions"]);
        break;
      case 3:
        out["orphanDependents"] = reader.value() != 0;
        break;
      case 4:
        out["propagationPolicy"] = reader.text();
        break;
      case 5:
        out["dryRun"].push_back(reader.text());
        break;
      default:
        break;
    }
  }
  return good && !reader.bad();
}

// The kind in a TypeMeta.
std::string ReadKind(std::string_view bytes) {
  FieldReader reader(bytes);
  std::string kind;
  while (reader.Next()) {
    if (reader.number() == 2) kind = reader.text();
  }
  return kind;
}

}  // namespace

Result<Json> DecodeDeleteOptions(std::string_view body) {
  constexpr size_t kMagicBytes = 4;  // "k8s\0"
  const Error malformed = BadRequestError("the DeleteOptions in the body are no valid protobuf");
  if (body.size() < kMagicBytes) return malformed;
  FieldReader envelope(body.substr(kMagicBytes));
  Json out = Json::object();
  bool good = true;
  while (envelope.Next()) {
    if (envelope.number() == 1) out["kind"] = ReadKind(envelope.bytes());
    if (envelope.number() == 2) good = good && ReadOptions(envelope.bytes(), out);
  }
  if (!good || envelope.bad()) return malformed;
  return out;
}

}  // namespace xebec::apiserver
