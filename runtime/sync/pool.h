#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "runtime/sched/spinlock.h"

namespace xebec::runtime {

// Keeps objects that cost something to make, for the next one who needs such.
//
//   Pool<Buffer> buffers([] { return std::make_unique<Buffer>(); });
//   auto buffer = buffers.Get();
//   …
//   buffers.Put(std::move(buffer));
//
// Holds at most `capacity` objects; Put drops what is more. What comes back is what was put: clear
// it. Never blocks.
template <class T>
class Pool {
 public:
  explicit Pool(std::function<std::unique_ptr<T>()> make, size_t capacity = 64)
      : make_(std::move(make)), capacity_(capacity) {
    free_.reserve(capacity);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // The object put last, or a new one.
  std::unique_ptr<T> Get() {
    std::unique_ptr<T> object;
    lock_.lock();
    if (!free_.empty()) {
      object = std::move(free_.back());
      free_.pop_back();
    }
    lock_.unlock();
    return object != nullptr ? std::move(object) : make_();
  }

  // Null is ignored.
  void Put(std::unique_ptr<T> object) {
    if (object == nullptr) return;
    lock_.lock();
    if (free_.size() < capacity_) free_.push_back(std::move(object));
    lock_.unlock();
  }

 private:
  const std::function<std::unique_ptr<T>()> make_;
  const size_t capacity_;
  SpinLock lock_;
  std::vector<std::unique_ptr<T>> free_;  // guarded by lock_; reserved, so it never allocates
};

}  // namespace xebec::runtime
