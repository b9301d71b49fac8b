#include "runtime/sync/err_group.h"

#include <mutex>

namespace xebec::runtime {

ErrGroup::ErrGroup(const Context& parent, int64_t limit) {
  auto [ctx, cancel] = Context::WithCancel(parent);
  ctx_ = std::move(ctx);
  cancel_ = std::move(cancel);
  if (limit > 0) slots_.emplace(limit);
}

ErrGroup::~ErrGroup() {
  running_.Wait();
  cancel_();
}

void ErrGroup::Go(std::function<Result<void>()> task) {
  if (slots_) slots_->Acquire();
  Start(std::move(task));
}

bool ErrGroup::TryGo(std::function<Result<void>()> task) {
  if (slots_ && !slots_->TryAcquire()) return false;
  Start(std::move(task));
  return true;
}

void ErrGroup::Start(std::function<Result<void>()> task) {
  running_.Go([this, task = std::move(task)] {
    Result<void> result = task();
    if (!result.ok()) {
      std::unique_lock lock(mutex_);
      if (!first_error_) {
        first_error_ = result.error();
        lock.unlock();
        cancel_(result.error());
      }
    }
    if (slots_) slots_->Release();
  });
}

Result<void> ErrGroup::Wait() {
  running_.Wait();
  cancel_();
  std::lock_guard lock(mutex_);
  if (first_error_) return *first_error_;
  return {};
}

}  // namespace xebec::runtime
