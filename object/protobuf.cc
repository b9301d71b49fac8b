#include "object/protobuf.h"

#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "object/base64.h"
#include "object/internal/access.h"
#include "object/internal/tape_writer.h"
#include "object/time.h"

namespace xebec::object {

namespace {

using internal::TapeWriter;

enum class Type : uint8_t {
  kString,
  kInt,
  kBool,
  kDouble,
  kBytes,
  kTime,
  kMicroTime,
  kQuantity,
  kIntOrString,
  kRaw,
  kMessage,
};
enum Flags : uint8_t { kList = 1, kMap = 2, kOmitEmpty = 4, kEmbedded = 8 };

struct Field {
  uint16_t number;
  Type type;
  uint8_t flags;
  uint16_t message;  // kMessage: its index
  const char* name;
};
struct Message {
  uint16_t first, count;
};
struct KindEntry {
  const char* api_version;
  const char* kind;
  uint16_t message;
};

#include "object/internal/protobuf_tables.inc"

constexpr std::string_view kMagic{"k8s\0", 4};
constexpr int kMaxMessageDepth = 64;

// One field as it stands on the wire: a number (varint, fixed) or bytes.
struct WireField {
  uint32_t number = 0;
  bool is_bytes = false;
  uint64_t value = 0;
  std::string_view bytes;
};

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}
  bool End() const { return rest_.empty(); }
  // False on malformed bytes.
  bool Next(WireField* out) {
    uint64_t tag;
    if (!Varint(&tag) || tag >> 3 == 0 || tag >> 3 > (1u << 29)) return false;
    out->number = static_cast<uint32_t>(tag >> 3);
    out->is_bytes = false;
    switch (tag & 7) {
      case 0:
        return Varint(&out->value);
      case 1:
        return Fixed(8, &out->value);
      case 5:
        return Fixed(4, &out->value);
      case 2: {
        uint64_t size;
        if (!Varint(&size) || size > rest_.size()) return false;
        out->is_bytes = true;
        out->bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
      }
      default:
        return false;  // groups are not used by Kubernetes
    }
  }
  bool Varint(uint64_t* out) {
    *out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return false;
      auto c = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      *out |= static_cast<uint64_t>(c & 0x7f) << shift;
      if (c < 0x80) return true;
    }
    return false;
  }

 private:
  bool Fixed(size_t n, uint64_t* out) {
    if (rest_.size() < n) return false;
    *out = 0;
    std::memcpy(out, rest_.data(), n);
    rest_.remove_prefix(n);
    return true;
  }
  std::string_view rest_;
};

// The last field with this number, as protobuf has it.
Result<WireField> Last(std::string_view bytes, uint32_t number, const char* what) {
  WireReader reader(bytes);
  WireField field, found;
  while (!reader.End()) {
    if (!reader.Next(&field)) {
      return Error::InvalidInput(fmt::format("malformed protobuf in {}", what));
    }
    if (field.number == number) found = field;
  }
  return found;
}

class Decoder {
 public:
  Result<Object> Decode(const KindEntry& kind, std::string_view bytes) {
    out_.BeginObject();
    out_.Key("kind");
    out_.String(kind.kind);
    out_.Key("apiVersion");
    out_.String(kind.api_version);
    XEBEC_TRY(Fields(kind.message, bytes, kind.kind, 0));
    if (!out_.EndObject()) return Malformed(kind.kind, "a field stands twice");
    out_.Seal();
    return internal::Access::MakeObject(out_.Finish());
  }

 private:
  static Error Malformed(const std::string& path, std::string_view what) {
    return Error::InvalidInput(fmt::format("malformed protobuf in {}: {}", path, what));
  }

  // Writes the fields of a message in the order of its table; unknown ones are left out.
  Result<void> Fields(uint16_t message, std::string_view bytes, const std::string& path,
                      int depth) {
    if (depth > kMaxMessageDepth) return Malformed(path, "nested too deep");
    std::vector<WireField> wire;
    WireReader reader(bytes);
    while (!reader.End()) {
      WireField field;
      if (!reader.Next(&field)) return Malformed(path, "truncated or unknown wire data");
      wire.push_back(field);
    }
    const Message& m = kMessages[message];
    std::vector<const WireField*> own;
    for (const Field* f = kFields + m.first; f != kFields + m.first + m.count; ++f) {
      own.clear();
      for (const WireField& w : wire) {
        if (w.number == f->number) own.push_back(&w);
      }
      if (!own.empty()) XEBEC_TRY(One(*f, own, path + "." + f->name, depth));
    }
    return {};
  }

  Result<void> One(const Field& f, const std::vector<const WireField*>& wire,
                   const std::string& path, int depth) {
    if (f.flags & kEmbedded) {
      if (!wire.back()->is_bytes) return Malformed(path, "expected a message");
      return Fields(f.message, wire.back()->bytes, path, depth + 1);
    }
    if (f.flags & kList) {
      out_.Key(f.name);
      out_.BeginArray();
      for (const WireField* w : wire) XEBEC_TRY(Element(f, *w, path, depth));
      out_.EndArray();
      return {};
    }
    if (f.flags & kMap) return Map(f, wire, path, depth);
    const WireField& w = *wire.back();
    if ((f.flags & kOmitEmpty) && (w.is_bytes ? w.bytes.empty() : w.value == 0)) return {};
    out_.Key(f.name);
    return Single(f, w, path, depth);
  }

  // A repeated number may be packed.
  Result<void> Element(const Field& f, const WireField& w, const std::string& path, int depth) {
    if ((f.type != Type::kInt && f.type != Type::kBool) || !w.is_bytes) {
      return Single(f, w, path, depth);
    }
    WireReader packed(w.bytes);
    while (!packed.End()) {
      WireField one;
      if (!packed.Varint(&one.value)) return Malformed(path, "truncated number");
      XEBEC_TRY(Single(f, one, path, depth));
    }
    return {};
  }

  Result<void> Map(const Field& f, const std::vector<const WireField*>& wire,
                   const std::string& path, int depth) {
    out_.Key(f.name);
    out_.BeginObject();
    for (const WireField* entry : wire) {
      if (!entry->is_bytes) return Malformed(path, "expected a map entry");
      XEBEC_ASSIGN_OR_RETURN(WireField key, Last(entry->bytes, 1, path.c_str()));
      XEBEC_ASSIGN_OR_RETURN(WireField value, Last(entry->bytes, 2, path.c_str()));
      value.is_bytes |= f.type != Type::kInt && f.type != Type::kBool && f.type != Type::kDouble;
      out_.MendedKey(key.bytes);
      XEBEC_TRY(Single(f, value, path, depth));
    }
    if (!out_.EndObject()) return Malformed(path, "a key stands twice");
    return {};
  }

  Result<void> Single(const Field& f, const WireField& w, const std::string& path, int depth) {
    bool number = f.type == Type::kInt || f.type == Type::kBool || f.type == Type::kDouble;
    if (number == w.is_bytes) return Malformed(path, "a wire type that the field cannot have");
    switch (f.type) {
      case Type::kString:
        out_.Text(w.bytes);
        return {};
      case Type::kInt:
        out_.Int(static_cast<int64_t>(w.value));
        return {};
      case Type::kBool:
        out_.Bool(w.value != 0);
        return {};
      case Type::kDouble: {
        double d;
        std::memcpy(&d, &w.value, 8);
        out_.Double(d);
        return {};
      }
      case Type::kBytes:
        out_.String(EncodeBase64(w.bytes));
        return {};
      case Type::kTime:
      case Type::kMicroTime:
        return WriteTime(w.bytes, f.type == Type::kMicroTime, path);
      case Type::kQuantity: {
        XEBEC_ASSIGN_OR_RETURN(WireField text, Last(w.bytes, 1, path.c_str()));
        out_.Text(text.bytes);
        return {};
      }
      case Type::kIntOrString:
        return WriteIntOrString(w.bytes, path);
      case Type::kRaw:
        return WriteRaw(w.bytes, path);
      case Type::kMessage:
        out_.BeginObject();
        XEBEC_TRY(Fields(f.message, w.bytes, path, depth + 1));
        if (!out_.EndObject()) return Malformed(path, "a field stands twice");
        return {};
    }
    return {};
  }

  Result<void> WriteTime(std::string_view bytes, bool micro, const std::string& path) {
    XEBEC_ASSIGN_OR_RETURN(WireField seconds, Last(bytes, 1, path.c_str()));
    XEBEC_ASSIGN_OR_RETURN(WireField nanos, Last(bytes, 2, path.c_str()));
    Time time{static_cast<int64_t>(seconds.value), static_cast<int32_t>(nanos.value)};
    constexpr int64_t kYear0 = -62167219200, kYear10000 = 253402300800;
    if (time.seconds < kYear0 || time.seconds >= kYear10000 || time.nanos < 0 ||
        time.nanos > 999'999'999) {
      return Malformed(path, "a time outside of the years 0 to 9999");
    }
    if (bytes.empty()) {
      out_.Null();  // Go's zero time
    } else {
      out_.String(micro ? time.ToMicroString() : time.ToString());
    }
    return {};
  }

  Result<void> WriteIntOrString(std::string_view bytes, const std::string& path) {
    XEBEC_ASSIGN_OR_RETURN(WireField type, Last(bytes, 1, path.c_str()));
    XEBEC_ASSIGN_OR_RETURN(WireField number, Last(bytes, 2, path.c_str()));
    XEBEC_ASSIGN_OR_RETURN(WireField text, Last(bytes, 3, path.c_str()));
    if (type.value == 0) {
      out_.Int(static_cast<int32_t>(number.value));
    } else {
      out_.Text(text.bytes);
    }
    return {};
  }

  Result<void> WriteRaw(std::string_view bytes, const std::string& path) {
    XEBEC_ASSIGN_OR_RETURN(WireField raw, Last(bytes, 1, path.c_str()));
    if (raw.bytes.empty()) {
      out_.Null();
      return {};
    }
    Result<Object> object = Object::Parse(raw.bytes);
    if (!object.ok()) return std::move(object).error().Wrap(path);
    Value root = object->root();
    out_.Copy(internal::Access::Reader(root), internal::Access::Pos(root));
    return {};
  }

  TapeWriter out_;
};

}  // namespace

bool IsProtobuf(std::string_view body) { return body.starts_with(kMagic); }

Result<Object> DecodeProtobuf(std::string_view body) {
  if (!IsProtobuf(body)) {
    return Error::InvalidInput("not Kubernetes protobuf: the body does not start with \"k8s\\0\"");
  }
  body.remove_prefix(kMagic.size());
  XEBEC_ASSIGN_OR_RETURN(WireField type_meta, Last(body, 1, "the envelope"));
  XEBEC_ASSIGN_OR_RETURN(WireField raw, Last(body, 2, "the envelope"));
  XEBEC_ASSIGN_OR_RETURN(WireField api_version, Last(type_meta.bytes, 1, "the envelope"));
  XEBEC_ASSIGN_OR_RETURN(WireField kind, Last(type_meta.bytes, 2, "the envelope"));
  for (const KindEntry& known : kKinds) {
    if (known.api_version == api_version.bytes && known.kind == kind.bytes) {
      return Decoder().Decode(known, raw.bytes);
    }
  }
  return Error("UnsupportedMediaType", 415,
               fmt::format("protobuf of {} {} is not supported: send application/json",
                           api_version.bytes.substr(0, 100), kind.bytes.substr(0, 100)));
}

}  // namespace xebec::object
