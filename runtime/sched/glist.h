#pragma once

#include <cstdint>

namespace xebec::runtime {

struct G;

// A queue of fibers, linked through G::sched_link: a fiber is on at most one such list. Not thread
// safe. Moving it leaves the source empty.
class GList {
 public:
  GList() = default;
  GList(GList&& other) noexcept : head_(other.head_), tail_(other.tail_), size_(other.size_) {
    other.head_ = other.tail_ = nullptr;
    other.size_ = 0;
  }
  GList& operator=(GList&& other) noexcept {
    head_ = other.head_;
    tail_ = other.tail_;
    size_ = other.size_;
    other.head_ = other.tail_ = nullptr;
    other.size_ = 0;
    return *this;
  }

  bool empty() const { return head_ == nullptr; }
  int32_t size() const { return size_; }
  void PushBack(G* g);
  void PushFront(G* g);
  // Null if empty.
  G* PopFront();
  // Moves all of `other` to the end.
  void Append(GList&& other);

 private:
  G* head_ = nullptr;
  G* tail_ = nullptr;
  int32_t size_ = 0;
};

}  // namespace xebec::runtime
