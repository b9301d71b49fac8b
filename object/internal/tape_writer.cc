#include "object/internal/tape_writer.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "object/internal/json_writer.h"
#include "object/internal/utf8.h"
#include "runtime/check.h"

namespace xebec::object::internal {

namespace {
constexpr uint32_t kMaxProbes = 32;  // beyond: stored twice, so that chosen strings cost no O(n²)
constexpr size_t kFirstSeen = 512;
}  // namespace

void TapeWriter::Reset() {
  words_.assign(kHeaderWords, 0);
  strings_.clear();
  stack_.clear();
  frames_.clear();
  if (seen_.empty()) seen_.resize(kFirstSeen);
  seen_count_ = 0;
  if (++epoch_ == 0) {
    std::fill(seen_.begin(), seen_.end(), Seen{});
    epoch_ = 1;
  }
  duplicate_ = false;
}

uint32_t TapeWriter::StoreNumber(uint64_t bits) {
  auto at = static_cast<uint32_t>(words_.size());
  words_.push_back(static_cast<uint32_t>(bits));
  words_.push_back(static_cast<uint32_t>(bits >> 32));
  return at;
}

void TapeWriter::Int(int64_t v) {
  if (v >= -(1 << 27) && v < (1 << 27)) {
    Push(MakeCell(Tag::kSmallInt, static_cast<uint32_t>(v) & kMaxPayload));
  } else {
    Push(MakeCell(Tag::kInt64, StoreNumber(static_cast<uint64_t>(v))));
  }
}

void TapeWriter::Uint(uint64_t v) {
  if (v <= static_cast<uint64_t>(INT64_MAX)) return Int(static_cast<int64_t>(v));
  Push(MakeCell(Tag::kUint64, StoreNumber(v)));
}

void TapeWriter::Double(double v) {
  uint64_t bits;
  std::memcpy(&bits, &v, 8);
  Push(MakeCell(Tag::kDouble, StoreNumber(bits)));
}

void TapeWriter::Text(std::string_view s) {
  if (IsUtf8(s)) {
    String(s);
  } else {
    String(MendUtf8(s));
  }
}

uint32_t TapeWriter::StringCell(std::string_view s) {
  if (s.size() <= kMaxInlineString) return InlineStringCell(s);
  uint64_t hash = HashBytes(s.data(), s.size());
  uint32_t id = FindStaticString(s, hash);
  if (id != kNoStaticString) return MakeCell(Tag::kStaticString, id);
  return MakeCell(Tag::kString, StoreString(s, hash));
}

uint32_t TapeWriter::StoreString(std::string_view s, uint64_t hash) {
  if (seen_count_ * 2 >= seen_.size()) GrowSeen();
  const uint32_t mask = static_cast<uint32_t>(seen_.size()) - 1;
  const auto short_hash = static_cast<uint32_t>(hash);
  uint32_t slot = short_hash & mask;
  uint32_t probes = 0;
  for (; seen_[slot].epoch == epoch_ && probes < kMaxProbes; slot = (slot + 1) & mask, ++probes) {
    if (seen_[slot].hash != short_hash) continue;
    const auto* p = reinterpret_cast<const unsigned char*>(&strings_[seen_[slot].offset]);
    size_t size = 0;
    int shift = 0;
    for (; *p >= 0x80; shift += 7) size |= static_cast<size_t>(*p++ & 0x7f) << shift;
    size |= static_cast<size_t>(*p++) << shift;
    if (size == s.size() && std::memcmp(p, s.data(), size) == 0) return seen_[slot].offset;
  }
  auto offset = static_cast<uint32_t>(strings_.size());
  if (probes < kMaxProbes) {
    seen_[slot] = {epoch_, short_hash, offset};
    ++seen_count_;
  }
  char prefix[10];
  size_t length = 0;
  for (size_t n = s.size();; n >>= 7) {
    if (n < 0x80) {
      prefix[length++] = static_cast<char>(n);
      break;
    }
    prefix[length++] = static_cast<char>(n | 0x80);
  }
  strings_.resize(offset + length + s.size());
  std::memcpy(&strings_[offset], prefix, length);
  std::memcpy(&strings_[offset + length], s.data(), s.size());
  return offset;
}

void TapeWriter::GrowSeen() {
  std::vector<Seen> old(seen_.size() * 2);
  old.swap(seen_);
  const uint32_t mask = static_cast<uint32_t>(seen_.size()) - 1;
  seen_count_ = 0;
  for (const Seen& e : old) {
    if (e.epoch != epoch_) continue;
    uint32_t slot = e.hash & mask;
    uint32_t probes = 0;
    for (; seen_[slot].epoch == epoch_ && probes < kMaxProbes; ++probes) slot = (slot + 1) & mask;
    if (probes == kMaxProbes) continue;
    seen_[slot] = e;
    ++seen_count_;
  }
}

void TapeWriter::EndArray() {
  uint32_t start = frames_.back().start;
  frames_.pop_back();
  auto count = static_cast<uint32_t>(stack_.size()) - start;
  uint32_t at = 0;
  if (count > 0) {
    at = static_cast<uint32_t>(words_.size());
    words_.push_back(count);
    words_.insert(words_.end(), stack_.begin() + start, stack_.end());
  }
  stack_.resize(start);
  Push(MakeCell(Tag::kArray, at));
}

bool TapeWriter::EndObject() {
  uint32_t start = frames_.back().start;
  frames_.pop_back();
  auto count = (static_cast<uint32_t>(stack_.size()) - start) / 2;
  if (count == 0) {
    Push(MakeCell(Tag::kObject, 0));
    return true;
  }
  auto at = static_cast<uint32_t>(words_.size());
  words_.resize(at + 1 + 2 * static_cast<size_t>(count));
  uint32_t* out = &words_[at];
  *out++ = count;
  const uint32_t* in = &stack_[start];
  for (uint32_t i = 0; i < count; ++i) {
    out[i] = in[2 * i];
    out[count + i] = in[2 * i + 1];
  }
  stack_.resize(start);
  Tag tag = count >= kBigObjectFields ? Tag::kBigObject : Tag::kObject;
  Push(MakeCell(tag, at));
  if (HasDuplicate(at + 1, count)) {
    duplicate_ = true;
    return false;
  }
  return true;
}

// Checks the keys of an object that has just been written; of a big one it also writes the order.
bool TapeWriter::HasDuplicate(uint32_t first, uint32_t count) {
  if (count < kBigObjectFields) {
    // Equal keys have equal cells, as strings are stored once.
    const uint32_t* keys = &words_[first];
    for (uint32_t i = 1; i < count; ++i) {
      for (uint32_t j = 0; j < i; ++j) {
        if (keys[i] == keys[j]) return true;
      }
    }
    return false;
  }
  size_t order = words_.size();
  words_.resize(order + count);
  TapeReader reader(words_.data(), strings_.data());
  auto begin = words_.begin() + static_cast<ptrdiff_t>(order);
  std::iota(begin, words_.end(), 0u);
  std::sort(begin, words_.end(), [&](uint32_t a, uint32_t b) {
    return reader.String(first + a) < reader.String(first + b);
  });
  return std::adjacent_find(begin, words_.end(), [&](uint32_t a, uint32_t b) {
           return reader.String(first + a) == reader.String(first + b);
         }) != words_.end();
}

void TapeWriter::Copy(const TapeReader& from, uint32_t pos) {
  uint32_t cell = from.Cell(pos);
  switch (TagOf(cell)) {
    case Tag::kInt64:
      return Int(from.Number<int64_t>(cell));
    case Tag::kUint64:
      return Uint(from.Number<uint64_t>(cell));
    case Tag::kDouble:
      return Double(from.Number<double>(cell));
    case Tag::kString:
      return String(from.String(pos));
    case Tag::kArray: {
      BeginArray();
      uint32_t count = from.Count(cell), first = TapeReader::First(cell);
      for (uint32_t i = 0; i < count; ++i) Copy(from, first + i);
      return EndArray();
    }
    case Tag::kObject:
    case Tag::kBigObject: {
      BeginObject();
      uint32_t count = from.Count(cell), first = TapeReader::First(cell);
      for (uint32_t i = 0; i < count; ++i) {
        uint32_t key = from.Cell(first + i);
        Push(TagOf(key) == Tag::kString ? StringCell(from.String(first + i)) : key);
        Copy(from, first + count + i);
      }
      EndObject();
      return;
    }
    default:
      return Push(cell);
  }
}

void TapeWriter::Seal() {
  CHECK(stack_.size() == 1 && frames_.empty(), "a tape must hold one value");
  auto root = static_cast<uint32_t>(words_.size());
  words_.push_back(stack_.back());
  words_[kRoot] = root;
  words_[kStringsAt] = static_cast<uint32_t>(words_.size() * 4);
  TapeReader reader(words_.data(), strings_.data());
  uint32_t cell = words_[root];
  words_[kApiVersion] = reader.Find(cell, "apiVersion");
  words_[kKind] = reader.Find(cell, "kind");
  uint32_t metadata = reader.Find(cell, "metadata");
  words_[kMetadata] = metadata;
  if (metadata != 0) {
    uint32_t m = words_[metadata];
    words_[kName] = reader.Find(m, "name");
    words_[kNamespace] = reader.Find(m, "namespace");
    words_[kUid] = reader.Find(m, "uid");
    words_[kResourceVersion] = reader.Find(m, "resourceVersion");
  }
  for (uint32_t w : {kApiVersion, kKind, kName, kNamespace, kUid, kResourceVersion}) {
    if (words_[w] != 0 && !IsStringTag(TagOf(words_[words_[w]]))) words_[w] = 0;
  }
}

void TapeWriter::AppendJson(std::string* out) {
  CHECK(stack_.size() == 1 && frames_.empty(), "a tape must hold one value");
  words_.push_back(stack_.back());
  internal::AppendJson(TapeReader(words_.data(), strings_.data()),
                       static_cast<uint32_t>(words_.size() - 1), out);
}

gc::Ref<gc::Blob> TapeWriter::Finish() const {
  gc::Ref<gc::Blob> blob = gc::MakeBlobForOverwrite(size_bytes());
  auto* to = reinterpret_cast<char*>(blob->data());
  std::memcpy(to, words_.data(), words_.size() * 4);
  if (!strings_.empty()) std::memcpy(to + words_.size() * 4, strings_.data(), strings_.size());
  return blob;
}

}  // namespace xebec::object::internal
