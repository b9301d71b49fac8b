#include "runtime/sched/glist.h"

#include "runtime/sched/internal/g.h"

namespace xebec::runtime {

void GList::PushBack(G* g) {
  g->sched_link = nullptr;
  if (tail_ != nullptr) {
    tail_->sched_link = g;
  } else {
    head_ = g;
  }
  tail_ = g;
  ++size_;
}

void GList::PushFront(G* g) {
  g->sched_link = head_;
  head_ = g;
  if (tail_ == nullptr) tail_ = g;
  ++size_;
}

G* GList::PopFront() {
  G* g = head_;
  if (g == nullptr) return nullptr;
  head_ = g->sched_link;
  if (head_ == nullptr) tail_ = nullptr;
  g->sched_link = nullptr;
  --size_;
  return g;
}

void GList::Append(GList&& other) {
  if (other.head_ == nullptr) return;
  if (tail_ != nullptr) {
    tail_->sched_link = other.head_;
  } else {
    head_ = other.head_;
  }
  tail_ = other.tail_;
  size_ += other.size_;
  other.head_ = other.tail_ = nullptr;
  other.size_ = 0;
}

}  // namespace xebec::runtime
