#pragma once

#include <cstddef>

namespace xebec::workqueue {

// In which order a Queue hands out its items, where first in, first out will not do. Called under
// the queue's lock: it must not block, nor call the queue.
template <class T>
class Order {
 public:
  virtual ~Order() = default;
  // A new item.
  virtual void Push(const T& item) = 0;
  // The next item; there is one.
  virtual T Pop() = 0;
  virtual size_t Len() const = 0;
  // An item that waits was added again: it may gain a better place.
  virtual void Touch(const T& item) { static_cast<void>(item); }
};

}  // namespace xebec::workqueue
