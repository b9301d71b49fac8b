#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "runtime/heap/gc.h"
#include "runtime/heap/hooks.h"
#include "runtime/panic.h"
#include "runtime/sched/fiber.h"

namespace xebec::runtime::heap {

struct PCache {};
PCache* NewPCache() { return new PCache; }
void FreePCache(PCache* cache) { delete cache; }
void RegisterRootRange(RootRange*) {}
void UnregisterRootRange(RootRange*) {}
bool PeriodicCollectionDue(int64_t) { return false; }
void RunPeriodicCollection() {}

void* AllocateNoscanAligned(size_t bytes, size_t align, bool) {
  if (!OnFiber()) ThrowPanic("gc::Make outside of a fiber");
  if (align < 16) align = 16;
  bytes = (bytes + align - 1) & ~(align - 1);
  if (bytes == 0) bytes = align;
  void* p = std::aligned_alloc(align, bytes);
  if (p == nullptr) ThrowPanic("out of memory");
  return std::memset(p, 0, bytes);
}
void* AllocateNoscan(size_t bytes, bool zero) { return AllocateNoscanAligned(bytes, 16, zero); }
void* AllocateScan(size_t bytes, size_t align, const gc::internal::TypeInfo*) {
  return AllocateNoscanAligned(bytes, align, true);
}

}  // namespace xebec::runtime::heap

namespace xebec::gc {
namespace internal {

std::atomic<bool> g_barrier_on{false};
void RecordWrite(const void*, const void*) {}
void CheckMemberPlace(const void*) {}
void CheckRefPlace(const void*) {}
void PanicNullRef(const char* function) {
  runtime::ThrowPanic(std::string("dereference of a null reference: ") + function);
}
void PanicIndex(size_t i, size_t n) {
  runtime::ThrowPanic("index " + std::to_string(i) + " out of range of " + std::to_string(n));
}
void PanicTooLarge(size_t, size_t) { runtime::ThrowPanic("allocation too large"); }
void AddCleanupFunction(const void*, std::function<void()>) {}

RootSlot* NewRootSlot(void* object) { return new RootSlot{object}; }
void FreeRootSlot(RootSlot* slot) noexcept { delete slot; }
void StoreRootSlot(RootSlot* slot, void* object) noexcept { slot->value = object; }
RootSlot* CopyRootSlot(const RootSlot* slot) { return new RootSlot{slot->value.load()}; }
void RequireFiber(const char* what) {
  if (!runtime::OnFiber()) {
    runtime::ThrowPanic(std::string(what) + " of the managed heap outside of a fiber");
  }
}

struct WeakBox {
  const void* object;
};
namespace {
std::mutex g_weak_lock;
std::unordered_map<const void*, WeakBox*>& WeakBoxes() {
  static auto* boxes = new std::unordered_map<const void*, WeakBox*>;
  return *boxes;
}
}  // namespace
WeakBox* AcquireWeakBox(const void* object) {
  std::lock_guard lock(g_weak_lock);
  WeakBox*& box = WeakBoxes()[object];
  if (box == nullptr) box = new WeakBox{object};
  return box;
}
void RetainWeakBox(WeakBox*) noexcept {}
void ReleaseWeakBox(WeakBox*) noexcept {}
void* LockWeakBox(WeakBox* box) { return const_cast<void*>(box->object); }
void EnterUnmanaged() {}
void LeaveUnmanaged() {}

}  // namespace internal

Ref<Blob> MakeBlob(std::string_view text) {
  Ref<Blob> blob = MakeBlobForOverwrite(text.size());
  std::memcpy(blob->data(), text.data(), text.size());
  return blob;
}
void Collect() {}
int SetPercent(int) { return 100; }
size_t SetMemoryLimit(size_t) { return SIZE_MAX; }
Stats ReadStats() { return {}; }

}  // namespace xebec::gc
