// Builds a tape from a stream of values (the order of a SAX parser) and copies it to the heap.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "object/internal/tape.h"
#include "runtime/heap/gc.h"
#include "runtime/result.h"

namespace xebec::object::internal {

// Everything up to Finish touches only C++ memory, so it may run inside gc::Unmanaged. Can be used
// again after Reset, and keeps its memory. Not for several fibers at once.
class TapeWriter {
 public:
  TapeWriter() { Reset(); }
  void Reset();

  void Null() { Push(MakeCell(Tag::kNull, 0)); }
  void Bool(bool b) { Push(MakeCell(b ? Tag::kTrue : Tag::kFalse, 0)); }
  void Int(int64_t v);
  void Uint(uint64_t v);
  void Double(double v);
  // Valid UTF-8. See Text for strings of unknown origin.
  void String(std::string_view s) { Push(StringCell(s)); }
  // Any bytes: what is no UTF-8 becomes U+FFFD.
  void Text(std::string_view s);
  void Key(std::string_view s) { Push(StringCell(s)); }
  void MendedKey(std::string_view s) { Text(s); }  // as Text
  void BeginArray() { frames_.push_back({static_cast<uint32_t>(stack_.size()), false}); }
  void EndArray();
  void BeginObject() { frames_.push_back({static_cast<uint32_t>(stack_.size()), true}); }
  // False if a key stands twice in it; duplicate() then names it.
  bool EndObject();
  // Copies the value at `pos` of another tape (its depth is bounded, it is an Object's).
  void Copy(const TapeReader& from, uint32_t pos);

  size_t depth() const { return frames_.size(); }
  bool duplicate_key() const { return duplicate_; }
  // Whether the payload of a cell could no longer address what was written (256 MiB).
  bool too_large() const { return words_.size() > kMaxPayload || strings_.size() > kMaxPayload; }

  // Completes the tape (one value has been written) and fills the header.
  void Seal();
  // The text of the one value that has been written, instead of Seal and Finish.
  void AppendJson(std::string* out);
  size_t size_bytes() const { return words_.size() * 4 + strings_.size(); }
  // Fiber only. Call Seal before.
  gc::Ref<gc::Blob> Finish() const;

 private:
  struct Frame {
    uint32_t start;
    bool object;
  };
  struct Seen {
    uint32_t epoch;
    uint32_t hash;
    uint32_t offset;
  };

  void Push(uint32_t cell) { stack_.push_back(cell); }
  uint32_t StringCell(std::string_view s);
  uint32_t StoreString(std::string_view s, uint64_t hash);
  uint32_t StoreNumber(uint64_t bits);
  bool HasDuplicate(uint32_t first, uint32_t count);
  void GrowSeen();

  std::vector<uint32_t> words_;
  std::vector<char> strings_;
  std::vector<uint32_t> stack_;
  std::vector<Frame> frames_;
  std::vector<Seen> seen_;  // open addressing over the strings of this tape
  uint32_t seen_count_ = 0;
  uint32_t epoch_ = 0;
  bool duplicate_ = false;
};

}  // namespace xebec::object::internal
