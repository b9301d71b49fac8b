#include "runtime/heap/internal/specials.h"

#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "runtime/heap/internal/checks.h"
#include "runtime/heap/internal/sweep.h"
#include "runtime/heap/make.h"
#include "runtime/heap/root.h"
#include "runtime/heap/weak.h"

namespace xebec::gc::internal {

// Where all Weak of one object meet. `object` is null once the object is dead: written by its
// sweeper (release), read by Lock (acquire) after it has seen the span swept.
// One reference is the special's, as long as the object lives; the last one frees the box.
struct WeakBox {
  std::atomic<void*> object;
  std::atomic<uint32_t> references;
};

}  // namespace xebec::gc::internal

namespace xebec::runtime::heap {

using gc::internal::WeakBox;

// A record in a span's list, which is ordered by object, then age. Specials lock.
struct Special {
  Special* next = nullptr;
  uint32_t index = 0;
  WeakBox* weak = nullptr;        // a weak reference, or
  std::function<void()> cleanup;  // a cleanup
};

namespace {

// Guards the lists of all spans. Held by sweepers for spans that have specials only.
constinit std::mutex g_specials_lock;

struct CleanupQueue {
  std::mutex lock;
  std::deque<std::function<void()>> functions;  // lock; unbounded: one for each dead object
  bool claimed = false;                         // lock
};
CleanupQueue& Cleanups() {
  static auto* queue = new CleanupQueue;
  return *queue;
}

constinit std::atomic<uint64_t> g_weak_cleared{0};
constinit std::atomic<uint64_t> g_cleanups_run{0};

struct Place {
  Span* span;
  uint32_t index;
};
Place PlaceOf(const void* object) {
  const auto address = reinterpret_cast<uintptr_t>(object);
  Span* span = SpanOf(address);
  if (span == nullptr) ThrowNotManaged(object);
  EnsureSwept(span);  // its old specials are about the objects of before
  return {span, span->IndexOf(address)};
}

// Puts `special` behind those of the same object. Specials lock held.
void InsertLocked(Span* span, Special* special) {
  Special* head = span->specials.load(std::memory_order_relaxed);
  if (head == nullptr || head->index > special->index) {
    special->next = head;
    span->specials.store(special, std::memory_order_release);
    return;
  }
  while (head->next != nullptr && head->next->index <= special->index) head = head->next;
  special->next = head->next;
  head->next = special;
}

void Release(WeakBox* box) {
  if (box->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete box;
}

}  // namespace

void SweepSpecials(Span* span) {
  std::unique_lock lock(g_specials_lock);
  Special* kept = nullptr;
  Special** kept_end = &kept;
  Special* dead = nullptr;
  Special** dead_end = &dead;
  for (Special* s = span->specials.load(std::memory_order_relaxed); s != nullptr; s = s->next) {
    Special**& end = TestBit(span->mark_bits, s->index) ? kept_end : dead_end;
    *end = s;
    end = &s->next;
  }
  *kept_end = nullptr;
  *dead_end = nullptr;
  span->specials.store(kept, std::memory_order_release);
  lock.unlock();

  // Weak references go first: a cleanup finds them cleared.
  for (Special* s = dead; s != nullptr; s = s->next) {
    if (s->weak == nullptr) continue;
    s->weak->object.store(nullptr, std::memory_order_release);
    Release(s->weak);
    g_weak_cleared.fetch_add(1, std::memory_order_relaxed);
  }
  while (dead != nullptr) {
    Special* s = std::exchange(dead, dead->next);
    if (s->cleanup) {
      std::lock_guard queue_lock(Cleanups().lock);
      Cleanups().functions.push_back(std::move(s->cleanup));
    }
    delete s;
  }
}

bool ClaimCleanups() {
  std::lock_guard lock(Cleanups().lock);
  if (Cleanups().functions.empty() || Cleanups().claimed) return false;
  return Cleanups().claimed = true;
}

void RunCleanups() {
  while (true) {
    std::function<void()> fn;
    {
      std::lock_guard lock(Cleanups().lock);
      if (Cleanups().functions.empty()) {
        Cleanups().claimed = false;
        return;
      }
      fn = std::move(Cleanups().functions.front());
      Cleanups().functions.pop_front();
    }
    fn();
    g_cleanups_run.fetch_add(1, std::memory_order_release);  // pairs with CleanupsRun
  }
}

uint64_t WeakCleared() { return g_weak_cleared.load(std::memory_order_relaxed); }
uint64_t CleanupsRun() { return g_cleanups_run.load(std::memory_order_acquire); }

}  // namespace xebec::runtime::heap

namespace xebec::gc::internal {

using namespace runtime::heap;  // NOLINT: the other half of this file

WeakBox* AcquireWeakBox(const void* object) {
  RequireFiber("a Weak reference");
  const Place place = PlaceOf(object);
  std::lock_guard lock(g_specials_lock);
  for (Special* s = place.span->specials.load(std::memory_order_relaxed);
       s != nullptr && s->index <= place.index; s = s->next) {
    if (s->index == place.index && s->weak != nullptr) {
      RetainWeakBox(s->weak);
      return s->weak;
    }
  }
  auto* base = reinterpret_cast<void*>(place.span->ObjectAt(place.index));
  auto* special = new Special;
  special->index = place.index;
  special->weak = new WeakBox{base, 2};
  InsertLocked(place.span, special);
  return special->weak;
}

void RetainWeakBox(WeakBox* box) noexcept {
  box->references.fetch_add(1, std::memory_order_relaxed);
}
void ReleaseWeakBox(WeakBox* box) noexcept { Release(box); }

// After a mark, an object that is dead but not swept yet still has its box filled. Its span is
// swept first, then the box tells the truth. No poll lies between that and the caller's Ref, so
// that no mark can come in between.
void* LockWeakBox(WeakBox* box) {
  RequireFiber("Weak::Lock");
  void* object = box->object.load(std::memory_order_acquire);
  if (object == nullptr) return nullptr;
  // If the object dies meanwhile, this may be another span by now; sweeping it does no harm.
  if (Span* span = SpanOf(reinterpret_cast<uintptr_t>(object))) EnsureSwept(span);
  return box->object.load(std::memory_order_acquire);
}

void AddCleanupFunction(const void* object, std::function<void()> fn) {
  RequireFiber("AddCleanup");
  const Place place = PlaceOf(object);
  auto* special = new Special;
  special->index = place.index;
  special->cleanup = std::move(fn);
  std::lock_guard lock(g_specials_lock);
  InsertLocked(place.span, special);
}

}  // namespace xebec::gc::internal
