#include "object/internal/parser.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "object/internal/access.h"
#include "object/internal/json_check.h"
#include "object/internal/tape_writer.h"
#include "runtime/heap/gc.h"

namespace xebec::object::internal {

struct WireParser::Scratch {
  simdjson::dom::parser parser;
  TapeWriter writer;
};

namespace {

using SimdDocument = simdjson::dom::document;

// Scratch memory is reused. Guarded by a plain mutex that is held for a few instructions.
class ScratchPool {
 public:
  std::unique_ptr<WireParser::Scratch> Take() {
    {
      std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto scratch = std::move(free_.back());
        free_.pop_back();
        return scratch;
      }
    }
    return std::make_unique<WireParser::Scratch>();
  }
  void Give(std::unique_ptr<WireParser::Scratch> scratch) {
    // What one large text needed is not kept.
    if (scratch->parser.capacity() > kKeepBytes || scratch->writer.size_bytes() > kKeepBytes)
      return;
    std::lock_guard lock(mutex_);
    if (free_.size() < kKeep) free_.push_back(std::move(scratch));
  }

 private:
  static constexpr size_t kKeep = 64;
  static constexpr size_t kKeepBytes = 1 << 20;
  std::mutex mutex_;
  std::vector<std::unique_ptr<WireParser::Scratch>> free_;  // guarded by mutex_
};

ScratchPool& Pool() {
  static ScratchPool* pool = new ScratchPool;  // never destroyed: fibers may outlive statics
  return *pool;
}

enum class Fault { kNone, kSyntax, kNoObject, kTooDeep, kDuplicateKey, kTooLarge };

constexpr uint64_t kValueMask = (uint64_t{1} << 56) - 1;
char TypeAt(const SimdDocument& doc, size_t i) { return static_cast<char>(doc.tape[i] >> 56); }

std::string_view StringAt(const SimdDocument& doc, size_t i) {
  const uint8_t* p = doc.string_buf.get() + (doc.tape[i] & kValueMask);
  uint32_t size;
  std::memcpy(&size, p, 4);
  return {reinterpret_cast<const char*>(p) + 4, size};
}

// The index behind the value at i.
size_t Next(const SimdDocument& doc, size_t i) {
  switch (TypeAt(doc, i)) {
    case '{':
    case '[':
      return static_cast<uint32_t>(doc.tape[i]);
    case 'l':
    case 'u':
    case 'd':
      return i + 2;
    default:
      return i + 1;
  }
}

// The index of a field's value in the object at i, 0 if it has none.
size_t FieldAt(const SimdDocument& doc, size_t i, std::string_view key) {
  size_t end = static_cast<uint32_t>(doc.tape[i]) - 1;
  for (++i; i < end; i = Next(doc, i + 1)) {
    if (StringAt(doc, i) == key) return i + 1;
  }
  return 0;
}

// Writes the object at i of simdjson's tape to ours.
Fault Walk(const SimdDocument& doc, size_t i, size_t max_depth, const GroupVersionKind* add_kind,
           TapeWriter* out) {
  if (TypeAt(doc, i) != '{') return Fault::kNoObject;
  out->Reset();
  const size_t end = static_cast<uint32_t>(doc.tape[i]);
  const bool kindless =
      add_kind != nullptr && FieldAt(doc, i, "kind") == 0 && FieldAt(doc, i, "apiVersion") == 0;
  while (i < end) {
    uint64_t word = doc.tape[i];
    switch (static_cast<char>(word >> 56)) {
      case '"':
        out->String(StringAt(doc, i));
        break;
      case 'l':
        out->Int(static_cast<int64_t>(doc.tape[++i]));
        break;
      case 'u':
        out->Uint(doc.tape[++i]);
        break;
      case 'd': {
        double d;
        std::memcpy(&d, &doc.tape[++i], 8);
        out->Double(d);
        break;
      }
      case 't':
        out->Bool(true);
        break;
      case 'f':
        out->Bool(false);
        break;
      case 'n':
        out->Null();
        break;
      case '{':
        if (out->depth() >= max_depth) return Fault::kTooDeep;
        out->BeginObject();
        if (kindless && out->depth() == 1) {
          out->Key("apiVersion");
          out->Text(add_kind->APIVersion());
          out->Key("kind");
          out->Text(add_kind->kind);
        }
        break;
      case '}':
        if (!out->EndObject()) return Fault::kDuplicateKey;
        break;
      case '[':
        if (out->depth() >= max_depth) return Fault::kTooDeep;
        out->BeginArray();
        break;
      case ']':
        out->EndArray();
        break;
      default:
        return Fault::kSyntax;
    }
    ++i;
  }
  if (out->too_large()) return Fault::kTooLarge;
  out->Seal();
  return Fault::kNone;
}

std::string_view FaultText(Fault fault) {
  switch (fault) {
    case Fault::kNoObject:
      return "not an object";
    case Fault::kTooDeep:
      return "nested too deep";
    case Fault::kDuplicateKey:
      return "a key stands twice in one object";
    case Fault::kTooLarge:
      return "too large";
    default:
      return "malformed";
  }
}

size_t DepthLimit(const ParseOptions& options) {
  return static_cast<size_t>(std::clamp(options.max_depth, 1, kMaxDepth));
}

Result<void> CheckSize(size_t size, const ParseOptions& options) {
  if (size <= options.max_bytes) return {};
  return Error::InvalidInput(
      fmt::format("a JSON object of {} bytes: the limit is {} bytes", size, options.max_bytes));
}

// Parses and leaves simdjson's tape in the scratch. Touches no managed memory.
simdjson::error_code RunSimdjson(WireParser::Scratch* s, std::string_view text, size_t from,
                                 size_t to) {
  bool copy = text.size() - to < simdjson::SIMDJSON_PADDING;
  return s->parser.parse(text.data() + from, to - from, copy).error();
}

}  // namespace

Error MalformedJson(std::string_view text, size_t from, size_t to, const ParseOptions& options,
                    std::string_view otherwise) {
  auto fault = FindJsonFault(text.substr(from, to - from), DepthLimit(options));
  if (fault) {
    return Error::InvalidInput(
        fmt::format("malformed JSON at offset {}: {}", from + fault->offset, fault->what));
  }
  return Error::InvalidInput(fmt::format("malformed JSON at offset {}: {}", from, otherwise));
}

WireParser::WireParser() : scratch_(Pool().Take()) {}
WireParser::~WireParser() { Pool().Give(std::move(scratch_)); }

Result<Object> WireParser::ParseSlice(std::string_view text, size_t from, size_t to,
                                      const ParseOptions& options,
                                      const GroupVersionKind* add_kind) {
  XEBEC_TRY(CheckSize(to - from, options));
  if (add_kind != nullptr && add_kind->kind.empty()) add_kind = nullptr;
  simdjson::error_code error = simdjson::SUCCESS;
  Fault fault = gc::Unmanaged([&] {
    error = RunSimdjson(scratch_.get(), text, from, to);
    if (error != simdjson::SUCCESS) return Fault::kSyntax;
    return Walk(scratch_->parser.doc, 1, DepthLimit(options), add_kind, &scratch_->writer);
  });
  if (fault == Fault::kNone) return Access::MakeObject(scratch_->writer.Finish());
  if (fault == Fault::kNoObject) {
    return Error::InvalidInput(
        fmt::format("malformed JSON at offset {}: expected an object", from));
  }
  return MalformedJson(
      text, from, to, options,
      error != simdjson::SUCCESS ? simdjson::error_message(error) : FaultText(fault));
}

Result<Object> WireParser::ParseEvent(std::string_view line, const ParseOptions& options,
                                      std::string* type) {
  ParseOptions outer = options;
  outer.max_bytes += 256;  // for the envelope
  outer.max_depth = static_cast<int>(DepthLimit(options)) + 1;
  XEBEC_TRY(CheckSize(line.size(), outer));
  std::string_view envelope;
  simdjson::error_code error = simdjson::SUCCESS;
  Fault fault = gc::Unmanaged([&] {
    error = RunSimdjson(scratch_.get(), line, 0, line.size());
    if (error != simdjson::SUCCESS) return Fault::kSyntax;
    const SimdDocument& doc = scratch_->parser.doc;
    size_t type_at = TypeAt(doc, 1) == '{' ? FieldAt(doc, 1, "type") : 0;
    if (type_at == 0 || TypeAt(doc, type_at) != '"') {
      envelope = "not a watch event: it has no \"type\"";
      return Fault::kNoObject;
    }
    *type = StringAt(doc, type_at);
    size_t object_at = FieldAt(doc, 1, "object");
    if (object_at == 0) {
      envelope = "not a watch event: it has no \"object\"";
      return Fault::kNoObject;
    }
    envelope = "the watch event's \"object\" is not an object";
    return Walk(doc, object_at, DepthLimit(options), nullptr, &scratch_->writer);
  });
  if (fault == Fault::kNone) return Access::MakeObject(scratch_->writer.Finish());
  if (fault == Fault::kNoObject) return Error::InvalidInput(std::string(envelope));
  return MalformedJson(
      line, 0, line.size(), options,
      error != simdjson::SUCCESS ? simdjson::error_message(error) : FaultText(fault));
}

Result<Object> ParseObject(std::string_view json, const ParseOptions& options) {
  WireParser parser;
  return parser.ParseSlice(json, 0, json.size(), options, nullptr);
}

}  // namespace xebec::object::internal
