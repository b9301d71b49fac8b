#include "runtime/heap/internal/page_heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#ifdef XEBEC_ASAN
#include <sanitizer/lsan_interface.h>
#endif

namespace xebec::runtime::heap {

std::atomic<Arena*> g_arenas[kMaxArenas];
std::atomic<uint32_t> g_sweepgen{4};
constinit std::atomic<uintptr_t> g_heap_low{UINTPTR_MAX};
constinit std::atomic<uintptr_t> g_heap_high{0};

PageHeap& Pages() {
  // Never destroyed: Roots in globals outlive it otherwise.
  alignas(PageHeap) static std::byte place[sizeof(PageHeap)];
  static PageHeap* heap = ::new (place) PageHeap;
  return *heap;
}

void* MapMemory(size_t bytes) {
  void* p = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return nullptr;
#ifdef XEBEC_ASAN
  __lsan_register_root_region(p, bytes);  // records own memory of malloc's
#endif
  return p;
}

namespace {

// `bytes` of address space aligned to an arena; `below` is where the last one began.
uintptr_t MapArenas(size_t bytes, uintptr_t below) {
  constexpr int kProt = PROT_READ | PROT_WRITE;
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  if (below != UINTPTR_MAX && below > bytes) {
    // Side by side with the last, so that runs merge.
    void* hint = reinterpret_cast<void*>(below - bytes);
    void* p = ::mmap(hint, bytes, kProt, kFlags | MAP_FIXED_NOREPLACE, -1, 0);
    if (p == hint) return below - bytes;
    if (p != MAP_FAILED) ::munmap(p, bytes);
  }
  void* p = ::mmap(nullptr, bytes + kArenaSize, kProt, kFlags, -1, 0);
  if (p == MAP_FAILED) return 0;
  const uintptr_t start = reinterpret_cast<uintptr_t>(p);
  const uintptr_t aligned = (start + kArenaSize - 1) & ~(kArenaSize - 1);
  if (aligned > start) ::munmap(p, aligned - start);
  const uintptr_t end = start + bytes + kArenaSize;
  if (end > aligned + bytes) {
    ::munmap(reinterpret_cast<void*>(aligned + bytes), end - aligned - bytes);
  }
  return aligned;
}

void SetPages(uintptr_t base, size_t bytes, Span* span) {
  for (uintptr_t p = base; p < base + bytes; p += kPageSize) {
    Arena* arena = g_arenas[p >> kArenaShift].load(std::memory_order_relaxed);
    arena->spans[(p >> kPageShift) % kArenaPages].store(span, std::memory_order_release);
  }
}

void SetEnds(uintptr_t base, size_t bytes, Span* run) {
  SetPages(base, kPageSize, run);
  SetPages(base + bytes - kPageSize, kPageSize, run);
}

// Calls `fn(word, mask)` for each word of the released bitmaps that covers some of the run.
template <class Fn>
void ForEachReleasedWord(uintptr_t base, size_t bytes, Fn fn) {
  for (uintptr_t p = base; p < base + bytes;) {
    Arena* arena = g_arenas[p >> kArenaShift].load(std::memory_order_relaxed);
    const size_t page = (p >> kPageShift) % kArenaPages;
    const size_t first = page % 64;
    const size_t count = std::min((base + bytes - p) / kPageSize, 64 - first);
    const uint64_t mask = (count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1) << first;
    fn(arena->released[page / 64], mask);
    p += count * kPageSize;
  }
}

// Both under the page heap's lock.
size_t ResidentBytes(uintptr_t base, size_t bytes) {
  size_t released = 0;
  ForEachReleasedWord(base, bytes, [&](uint64_t& word, uint64_t mask) {
    released += static_cast<size_t>(std::popcount(word & mask));
  });
  return bytes - released * kPageSize;
}
void SetReleased(uintptr_t base, size_t bytes, bool released) {
  ForEachReleasedWord(base, bytes, [&](uint64_t& word, uint64_t mask) {
    word = released ? word | mask : word & ~mask;
  });
}

}  // namespace

Span* PageHeap::Allocate(size_t pages, SpanClass span_class) {
  const int size_class = SizeClassOf(span_class);
  const size_t bytes = pages * kPageSize;
  const size_t elem = size_class == 0 ? bytes : kClassSize[static_cast<size_t>(size_class)];
  const size_t nelems = bytes / elem;
  std::lock_guard lock(lock_);
  Span* span = NewRecordLocked((nelems + 63) / 64);
  if (span == nullptr) return nullptr;
  Span* run = TakeRunLocked(pages);
  if (run == nullptr) {
    FreeRecordLocked(span);
    return nullptr;
  }
  const uintptr_t base = run->base;
  size_t resident = run->resident;
  if (resident != 0 && resident != run->bytes) resident = ResidentBytes(base, bytes);
  resident = std::min(resident, bytes);
  const uintptr_t rest = base + bytes;
  const size_t rest_bytes = run->bytes - bytes;
  const size_t rest_resident = run->resident - resident;
  FreeRecordLocked(run);
  if (rest_bytes != 0) InsertFreeLocked(rest, rest_bytes, rest_resident);
  if (resident != bytes) SetReleased(base, bytes, false);
  stats_.released -= bytes - resident;
  stats_.idle -= resident;
  stats_.in_use += bytes;

  span->base = base;
  span->bytes = bytes;
  span->elem_size = elem;
  span->div_magic = size_class == 0 ? 0 : DivisionMagic(elem);
  span->nelems = static_cast<uint16_t>(nelems);
  span->span_class = span_class;
  span->need_zero = resident != 0;
  span->sweepgen.store(g_sweepgen.load(std::memory_order_relaxed), std::memory_order_release);
  span->state.store(SpanState::kInUse, std::memory_order_release);
  SetPages(base, bytes, span);
  return span;
}

void PageHeap::Free(Span* span) {
  std::free(std::exchange(span->type_ids, nullptr));
  std::lock_guard lock(lock_);
  const uintptr_t base = span->base;
  const size_t bytes = span->bytes;
  span->sweepgen.store(Span::kNever, std::memory_order_release);
  stats_.in_use -= bytes;
  stats_.idle += bytes;
  FreeRecordLocked(span);
  SetPages(base, bytes, nullptr);
  InsertFreeLocked(base, bytes, bytes);
}

Span* PageHeap::TakeRunLocked(size_t pages) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    for (size_t word = pages / 64; pages < kListPages && word < kListPages / 64; ++word) {
      uint64_t bits = nonempty_[word];
      if (word == pages / 64) bits &= ~uint64_t{0} << (pages % 64);
      if (bits != 0) {
        Span* run = lists_[word * 64 + static_cast<size_t>(std::countr_zero(bits))];
        RemoveFreeLocked(run);
        return run;
      }
    }
    Span key;
    key.bytes = pages * kPageSize;
    auto found = tree_.lower_bound(&key);
    if (found != tree_.end()) {
      Span* run = *found;
      RemoveFreeLocked(run);
      return run;
    }
    if (!GrowLocked(pages)) return nullptr;
  }
  return nullptr;
}

bool PageHeap::GrowLocked(size_t pages) {
  const size_t bytes = (pages * kPageSize + kArenaSize - 1) & ~(kArenaSize - 1);
  const size_t arenas = bytes / kArenaSize;
  auto* table = static_cast<Arena*>(MapMemory(arenas * sizeof(Arena)));
  if (table == nullptr) return false;
  const uintptr_t base = MapArenas(bytes, g_heap_low.load(std::memory_order_relaxed));
  if (base == 0) {
    ::munmap(table, arenas * sizeof(Arena));
    return false;
  }
  for (size_t i = 0; i < arenas; ++i) {
    std::fill(std::begin(table[i].released), std::end(table[i].released), ~uint64_t{0});
    g_arenas[(base >> kArenaShift) + i].store(&table[i], std::memory_order_release);
    arena_bases_.push_back(base + i * kArenaSize);
  }
  const uintptr_t low = g_heap_low.load(std::memory_order_relaxed);
  const uintptr_t high = g_heap_high.load(std::memory_order_relaxed);
  g_heap_low.store(std::min(low, base), std::memory_order_relaxed);
  g_heap_high.store(std::max(high, base + bytes), std::memory_order_relaxed);
  stats_.mapped += bytes;
  stats_.released += bytes;
  stats_.metadata += arenas * sizeof(Arena);
  InsertFreeLocked(base, bytes, 0);
  return true;
}

// Puts a free run in its place, merged with its free neighbours.
void PageHeap::InsertFreeLocked(uintptr_t base, size_t bytes, size_t resident) {
  Span* before = PageSpan(base - kPageSize);
  if (before != nullptr && before->state.load(std::memory_order_relaxed) == SpanState::kFree) {
    RemoveFreeLocked(before);
    base = before->base;
    bytes += before->bytes;
    resident += before->resident;
    FreeRecordLocked(before);
  }
  Span* after = PageSpan(base + bytes);
  if (after != nullptr && after->state.load(std::memory_order_relaxed) == SpanState::kFree) {
    RemoveFreeLocked(after);
    bytes += after->bytes;
    resident += after->resident;
    FreeRecordLocked(after);
  }
  Span* run = NewRecordLocked(0);
  if (run == nullptr) std::abort();  // a record was just freed, or the pool refilled by Allocate
  run->base = base;
  run->bytes = bytes;
  run->resident = resident;
  run->state.store(SpanState::kFree, std::memory_order_relaxed);
  SetEnds(base, bytes, run);
  const size_t pages = run->pages();
  if (pages < kListPages) {
    run->previous = nullptr;
    run->next = lists_[pages];
    if (run->next != nullptr) run->next->previous = run;
    lists_[pages] = run;
    nonempty_[pages / 64] |= uint64_t{1} << (pages % 64);
  } else {
    tree_.insert(run);
  }
}

void PageHeap::RemoveFreeLocked(Span* run) {
  const size_t pages = run->pages();
  if (pages < kListPages) {
    (run->previous != nullptr ? run->previous->next : lists_[pages]) = run->next;
    if (run->next != nullptr) run->next->previous = run->previous;
    if (lists_[pages] == nullptr) nonempty_[pages / 64] &= ~(uint64_t{1} << (pages % 64));
  } else {
    tree_.erase(run);
  }
  SetEnds(run->base, run->bytes, nullptr);
}

Span* PageHeap::NewRecordLocked(size_t bit_words) {
  Span* span = pools_[bit_words];
  if (span != nullptr) {
    pools_[bit_words] = span->next;
    span->next = nullptr;
    span->previous = nullptr;
    span->type = nullptr;
    span->alloc_count = 0;
  } else {
    const size_t size = (sizeof(Span) + bit_words * 16 + 63) & ~size_t{63};
    if (record_left_ < size) {
      constexpr size_t kChunk = size_t{1} << 20;
      auto* chunk = static_cast<std::byte*>(MapMemory(kChunk));
      if (chunk == nullptr) return nullptr;
      record_next_ = chunk;
      record_left_ = kChunk;
      stats_.metadata += kChunk;
    }
    span = ::new (record_next_) Span;
    span->bit_words = static_cast<uint16_t>(bit_words);
    record_next_ += size;
    record_left_ -= size;
  }
  span->mark_bits = span->Bits();
  span->alloc_bits = span->Bits() + bit_words;
  std::fill_n(span->Bits(), 2 * bit_words, 0);
  return span;
}

void PageHeap::FreeRecordLocked(Span* span) {
  span->state.store(SpanState::kUnused, std::memory_order_release);
  span->next = pools_[span->bit_words];
  pools_[span->bit_words] = span;
}

Span* PageHeap::LongestResidentRunLocked() {
  for (auto it = tree_.rbegin(); it != tree_.rend(); ++it) {
    if ((*it)->resident != 0) return *it;
  }
  for (size_t pages = kListPages - 1; pages > 0; --pages) {
    for (Span* run = lists_[pages]; run != nullptr; run = run->next) {
      if (run->resident != 0) return run;
    }
  }
  return nullptr;
}

size_t PageHeap::Release(size_t bytes) {
  constexpr size_t kWindow = size_t{16} << 20;  // how much is out of the heap at once
  size_t done = 0;
  while (done < bytes) {
    std::unique_lock lock(lock_);
    Span* run = LongestResidentRunLocked();
    if (run == nullptr) break;
    RemoveFreeLocked(run);
    const uintptr_t begin = run->base;
    const uintptr_t end = begin + run->bytes;
    FreeRecordLocked(run);
    // The highest window of the run that has something to give; the rest stays available.
    uintptr_t high = end;
    uintptr_t low = end - std::min(end - begin, kWindow);
    while (ResidentBytes(low, high - low) == 0) {
      high = low;
      low = high - std::min(high - begin, kWindow);
    }
    if (low != begin) InsertFreeLocked(begin, low - begin, ResidentBytes(begin, low - begin));
    if (high != end) InsertFreeLocked(high, end - high, 0);
    const size_t resident = ResidentBytes(low, high - low);
    lock.unlock();
    ::madvise(reinterpret_cast<void*>(low), high - low, MADV_DONTNEED);
    lock.lock();
    SetReleased(low, high - low, true);
    stats_.idle -= resident;
    stats_.released += resident;
    done += resident;
    InsertFreeLocked(low, high - low, 0);
  }
  return done;
}

PageStats PageHeap::Stats() {
  std::lock_guard lock(lock_);
  return stats_;
}

void PageHeap::AddMetadata(size_t bytes) {
  std::lock_guard lock(lock_);
  stats_.metadata += bytes;
}

}  // namespace xebec::runtime::heap
