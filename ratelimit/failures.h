#pragma once

#include <functional>
#include <limits>
#include <mutex>
#include <unordered_map>

#include "runtime/sync/mutex.h"

namespace xebec::ratelimit::internal {

// Failures counted by item. Unbounded because an item leaves with Forget, and there are no more
// items than objects watched.
template <class T>
class Failures {
 public:
  // Counts one more; returns how many there were before.
  int Add(const T& item) {
    std::lock_guard lock(mutex_);
    int& count = counts_[item];
    const int before = count;
    if (count < std::numeric_limits<int>::max()) ++count;
    return before;
  }
  int Count(const T& item) {
    std::lock_guard lock(mutex_);
    auto it = counts_.find(item);
    return it == counts_.end() ? 0 : it->second;
  }
  void Forget(const T& item) {
    std::lock_guard lock(mutex_);
    counts_.erase(item);
  }

 private:
  runtime::Mutex mutex_;
  std::unordered_map<T, int, std::hash<T>> counts_;  // guarded by mutex_
};

}  // namespace xebec::ratelimit::internal
