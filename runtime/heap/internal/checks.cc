#include "runtime/heap/internal/checks.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "runtime/heap/internal/mark.h"
#include "runtime/heap/internal/page_heap.h"
#include "runtime/heap/internal/roots.h"
#include "runtime/heap/make.h"
#include "runtime/heap/member.h"
#include "runtime/heap/ref.h"
#include "runtime/heap/root.h"
#include "runtime/panic.h"
#include "runtime/sched/current.h"
#include "runtime/sched/world.h"

namespace xebec::runtime::heap {

void ThrowOffFiber(const char* what) {
  ThrowPanic(fmt::format(
      "{} {}: only fibers that run use the managed heap (a Root holds objects from anywhere)", what,
      CurrentG() != nullptr ? "in Blocking or Unmanaged code" : "outside of a fiber"));
}

void ThrowNotManaged(const void* object) {
  ThrowPanic(fmt::format("{} is no object of the managed heap", object));
}

void ThrowOutOfMemory(uint64_t bytes) {
  ThrowPanic(fmt::format("out of memory: the system has no {} bytes for the managed heap", bytes));
}

void Die(const char* format, ...) {
  char line[512];
  va_list args;
  va_start(args, format);
  std::vsnprintf(line, sizeof line, format, args);
  va_end(args);
  const std::string text = fmt::format("xebec: managed heap: {}\n{}\n", line, StackTrace(1));
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  std::abort();
}

void DieBadPointer(uintptr_t p, const char* what) {
  Die("%s: %#lx (an object that died too early, or memory overwritten)", what,
      static_cast<unsigned long>(p));
}

namespace {

bool WordIsMember(const TypeInfo* type, uintptr_t offset) {
  size_t word = offset / 8;
  if (type->is_array) {
    if (word < type->first_word) return false;
    word = (word - type->first_word) % type->words;
  }
  return word < type->words && TestBit(type->bits, static_cast<uint32_t>(word));
}

void VerifyMember(const TypeInfo* type, uintptr_t object, uintptr_t word) {
  const auto p = *reinterpret_cast<const uintptr_t*>(word);
  if (p == 0) return;
  Span* span = SpanOf(p);
  const char* wrong = nullptr;
  if (span == nullptr) {
    wrong = "outside of the heap";
  } else if (const uint32_t index = span->IndexOf(p); index >= span->nelems) {
    wrong = "into a span's waste";
  } else if (!TestBit(span->alloc_bits, index)) {
    wrong = "to a free slot";
  } else if (!TestBit(span->mark_bits, index)) {
    wrong = "to an object that was not marked";
  }
  if (wrong != nullptr) {
    Die("heapverify: the Member at offset %lu of the %.*s at %#lx points %s: %#lx",
        static_cast<unsigned long>(word - object), static_cast<int>(type->name.size()),
        type->name.data(), static_cast<unsigned long>(object), wrong,
        static_cast<unsigned long>(p));
  }
}

void VerifyObject(const TypeInfo* type, uintptr_t object) {
  size_t count = 1;
  if (type->is_array) count = *reinterpret_cast<const size_t*>(object);
  for (size_t i = 0; i < count; ++i) {
    const uintptr_t element = object + (type->first_word + i * type->words) * 8;
    for (uint32_t word = 0; word < type->words; ++word) {
      if (TestBit(type->bits, word)) VerifyMember(type, object, element + word * 8);
    }
  }
}

}  // namespace

void VerifyHeap() {
  Pages().ForEachSpan([](Span* span) {
    uint32_t allocated = 0;
    for (uint32_t word = 0; word < span->bit_words; ++word) {
      allocated += static_cast<uint32_t>(std::popcount(span->alloc_bits[word]));
      if ((span->mark_bits[word] & ~span->alloc_bits[word]) != 0) {
        Die("heapverify: span %#lx of %lu-byte objects has a mark on a free slot",
            static_cast<unsigned long>(span->base), static_cast<unsigned long>(span->elem_size));
      }
    }
    if (allocated != span->alloc_count) {
      Die("heapverify: span %#lx counts %u objects, its bitmap has %u",
          static_cast<unsigned long>(span->base), span->alloc_count, allocated);
    }
    if (span->noscan()) return;
    for (uint32_t i = 0; i < span->nelems; ++i) {
      if (!TestBit(span->mark_bits, i)) continue;
      if (const TypeInfo* type = span->TypeOf(i)) VerifyObject(type, span->ObjectAt(i));
    }
  });
}

}  // namespace xebec::runtime::heap

namespace xebec::gc::internal {

using namespace runtime::heap;  // NOLINT: the other half of this file

namespace {

// "T* xebec::gc::Ref<T>::Checked() const [with T = a::B]" → "xebec::gc::Ref<a::B>"
std::string ReferenceName(std::string_view function) {
  std::string_view type = "?";
  if (const size_t with = function.find("T = "); with != std::string_view::npos) {
    type = function.substr(with + 4);
    type = type.substr(0, type.find_last_of(']'));
  }
  for (std::string_view kind : {"Member", "Root", "Ref"}) {
    if (function.find(fmt::format("gc::{}<", kind)) != std::string_view::npos) {
      return fmt::format("gc::{}<{}>", kind, type);
    }
  }
  return "reference";
}

std::string DescribePlace(const void* place) {
  const auto address = reinterpret_cast<uintptr_t>(place);
  if (Span* span = SpanOf(address)) {
    const uint32_t index = span->IndexOf(address);
    const TypeInfo* type = index < span->nelems ? span->TypeOf(index) : nullptr;
    return fmt::format("at offset {} of a managed {}-byte object ({})",
                       address - span->ObjectAt(index), span->elem_size,
                       type != nullptr ? type->name : "without a member list");
  }
  return fmt::format("at {}, which is a global, C++ heap memory or another fiber's stack", place);
}

}  // namespace

void PanicNullRef(const char* function) {
  runtime::ThrowPanic(fmt::format("null dereference of a {}", ReferenceName(function)));
}
void PanicIndex(size_t index, size_t size) {
  runtime::ThrowPanic(fmt::format("index {} is out of range: the size is {}", index, size));
}
void PanicTooLarge(size_t count, size_t each) {
  runtime::ThrowPanic(
      fmt::format("an allocation of {} x {} bytes is too large for the managed heap", count, each));
}
void RequireFiber(const char* what) {
  if (runtime::CurrentHeapCache() == nullptr || runtime::CurrentG() == nullptr) [[unlikely]] {
    ThrowOffFiber(what);
  }
}

void CheckRefPlace(const void* place) {
  if (runtime::IsFiberMemory(place) || InRegisteredRange(place)) return;
  Die("a gc::Ref is stored %s: Refs live on their fiber's stack, in closures of Go and in channel "
      "buffers; use Member in managed objects and Root elsewhere",
      DescribePlace(place).c_str());
}

void CheckMemberPlace(const void* place) {
  const auto address = reinterpret_cast<uintptr_t>(place);
  if (Span* span = SpanOf(address)) {
    const uint32_t index = span->IndexOf(address);
    const TypeInfo* type = span->noscan() ? nullptr : span->TypeOf(index);
    if (type != nullptr && WordIsMember(type, address - span->ObjectAt(index))) return;
    Die("a gc::Member is constructed %s, but is not listed: name it in XEBEC_GC_MEMBERS",
        DescribePlace(place).c_str());
  }
  if (runtime::IsFiberMemory(place) || InRegisteredRange(place)) return;
  Die("a gc::Member is constructed %s: Members live in managed objects; use Root elsewhere",
      DescribePlace(place).c_str());
}

}  // namespace xebec::gc::internal
