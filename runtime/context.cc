#include "runtime/context.h"

#include <mutex>
#include <vector>

#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/park.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timers.h"

namespace xebec::internal {

// One context of the tree.
//
//   I1  A child holds a reference to its parent; the parent knows those children that can be
//       cancelled by plain pointers. A child leaves that list when it ends or dies, and takes the
//       parent's lock for it: whoever walks the list under the lock sees live memory, and takes a
//       reference before it lets the lock go (which fails for one whose last reference is gone).
//   I2  `err` and `cause` are written once, under `lock`, before `done` (release); whoever has seen
//       `done` (acquire) reads them without the lock.
//   I3  Locks are taken one at a time. Under `lock` only what CancelNode allows is called.
struct ContextState : runtime::TimerNode {
  std::atomic<uint32_t> refs{1};
  ContextState* parent = nullptr;
  // The nearest context, itself included, that can end; null if there is none.
  ContextState* cancelable = nullptr;
  int64_t deadline = 0;  // the earliest of its own and its ancestors'; 0: none

  const void* key = nullptr;
  std::shared_ptr<const void> value;

  runtime::SpinLock lock;
  runtime::Atomic<bool> done{false};
  std::shared_ptr<const Error> err;
  std::shared_ptr<const Error> cause;
  std::optional<runtime::Chan<Unit>> done_chan;  // guarded by lock until made, then fixed
  std::atomic<const runtime::Chan<Unit>*> done_ptr{nullptr};
  CancelNode* nodes = nullptr;       // guarded by lock
  ContextState* children = nullptr;  // guarded by lock
  // In the parent's list; guarded by the parent's lock.
  ContextState* next_sibling = nullptr;
  ContextState* prev_sibling = nullptr;
  bool linked = false;
  // In the list of whoever took it out of the parent's list, which happens once.
  ContextState* next_to_cancel = nullptr;

  static ContextState* Of(const Context& ctx) { return ctx.state_; }
};

namespace {

bool TryRef(ContextState* s) {
  uint32_t refs = s->refs.load(std::memory_order_relaxed);
  while (refs != 0) {
    if (s->refs.compare_exchange_weak(refs, refs + 1, std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void UnlinkLocked(ContextState* parent, ContextState* child) {
  if (!child->linked) return;
  (child->prev_sibling != nullptr ? child->prev_sibling->next_sibling : parent->children) =
      child->next_sibling;
  if (child->next_sibling != nullptr) child->next_sibling->prev_sibling = child->prev_sibling;
  child->next_sibling = child->prev_sibling = nullptr;
  child->linked = false;
}

ContextState* ParentThatCancels(ContextState* s) {
  return s->parent == nullptr ? nullptr : s->parent->cancelable;
}

void LeaveParent(ContextState* s) {
  ContextState* parent = ParentThatCancels(s);
  if (parent == nullptr || s->cancelable != s) return;
  std::lock_guard hold(parent->lock);
  UnlinkLocked(parent, s);
}

const std::shared_ptr<const Error>& CanceledError() {
  static const auto error = std::make_shared<const Error>(Error::Canceled("context canceled"));
  return error;
}
const std::shared_ptr<const Error>& DeadlineError() {
  static const auto error =
      std::make_shared<const Error>(Error::DeadlineExceeded("context deadline exceeded"));
  return error;
}

// Ends this one context. Its children are put in front of the list `todo`, with a reference each.
void CancelOne(ContextState* s, const std::shared_ptr<const Error>& err,
               const std::shared_ptr<const Error>& cause, ContextState** todo) {
  const runtime::Chan<Unit>* to_close = nullptr;
  {
    std::lock_guard hold(s->lock);
    if (s->done.load(std::memory_order_relaxed)) return;
    s->err = err;
    s->cause = cause;
    s->done.store(true, std::memory_order_release);
    if (s->done_chan) to_close = &*s->done_chan;
    while (CancelNode* node = s->nodes) {
      s->nodes = node->next;
      if (node->next != nullptr) node->next->prev = nullptr;
      node->next = nullptr;
      node->queued = false;
      node->fn(node);
    }
    while (ContextState* child = s->children) {
      UnlinkLocked(s, child);
      if (!TryRef(child)) continue;
      child->next_to_cancel = *todo;
      *todo = child;
    }
  }
  if (to_close != nullptr) to_close->Close();
}

// Ends `s` and everything below it. Without recursion: a tree may be deep, the stack is not.
void Cancel(ContextState* s, const std::shared_ptr<const Error>& err,
            const std::shared_ptr<const Error>& cause) {
  ContextState* todo = nullptr;
  CancelOne(s, err, cause, &todo);
  while (ContextState* child = todo) {
    todo = child->next_to_cancel;
    CancelOne(child, err, cause, &todo);
    runtime::StopTimer(child);
    Unref(child);
  }
}

void FireDeadline(runtime::TimerNode* node, int64_t) {
  auto* s = static_cast<ContextState*>(node);
  Cancel(s, DeadlineError(), DeadlineError());
  LeaveParent(s);
}

}  // namespace

void Ref(ContextState* s) { s->refs.fetch_add(1, std::memory_order_relaxed); }

void Unref(ContextState* s) {
  // Without recursion, for the same reason.
  while (s != nullptr && s->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    ContextState* parent = s->parent;
    if (s->cancelable == s) {
      runtime::StopTimer(s);
      LeaveParent(s);
    }
    delete s;
    s = parent;
  }
}

}  // namespace xebec::internal

namespace xebec {

using internal::ContextState;

std::pair<Context, CancelFunc> Context::MakeCancelable(const Context& parent,
                                                       std::optional<int64_t> deadline) {
  auto* s = new ContextState;
  Context ctx(s);
  s->parent = parent.state_;
  s->cancelable = s;
  if (s->parent != nullptr) {
    internal::Ref(s->parent);
    s->deadline = s->parent->deadline;
  }
  const bool own_deadline = deadline && (s->deadline == 0 || *deadline < s->deadline);
  if (own_deadline) s->deadline = *deadline > 0 ? *deadline : 1;
  if (ContextState* above = internal::ParentThatCancels(s)) {
    std::shared_ptr<const Error> err;
    std::shared_ptr<const Error> cause;
    {
      std::lock_guard hold(above->lock);
      if (above->done.load(std::memory_order_relaxed)) {
        err = above->err;
        cause = above->cause;
      } else {
        s->next_sibling = above->children;
        if (s->next_sibling != nullptr) s->next_sibling->prev_sibling = s;
        above->children = s;
        s->linked = true;
      }
    }
    if (err != nullptr) internal::Cancel(s, err, cause);
  }
  if (own_deadline && !ctx.IsDone()) {
    if (s->deadline <= runtime::NanoTime()) {
      internal::Cancel(s, internal::DeadlineError(), internal::DeadlineError());
      internal::LeaveParent(s);
    } else {
      s->fire = internal::FireDeadline;
      runtime::StartTimer(s, s->deadline);
      if (ctx.IsDone()) runtime::StopTimer(s);  // the parent ended meanwhile
    }
  }
  CancelFunc cancel(ctx);
  return {std::move(ctx), std::move(cancel)};
}

std::pair<Context, CancelFunc> Context::WithCancel(const Context& parent) {
  return MakeCancelable(parent, std::nullopt);
}

std::pair<Context, CancelFunc> Context::WithTimeout(const Context& parent,
                                                    std::chrono::nanoseconds d) {
  return MakeCancelable(parent, runtime::AddTime(runtime::NanoTime(), d.count()));
}

std::pair<Context, CancelFunc> Context::WithDeadline(const Context& parent, int64_t deadline) {
  return MakeCancelable(parent, deadline);
}

Context Context::WithRawValue(const Context& parent, const void* key,
                              std::shared_ptr<const void> value) {
  auto* s = new ContextState;
  s->parent = parent.state_;
  s->key = key;
  s->value = std::move(value);
  if (s->parent != nullptr) {
    internal::Ref(s->parent);
    s->cancelable = s->parent->cancelable;
    s->deadline = s->parent->deadline;
  }
  return Context(s);
}

const void* Context::RawValue(const void* key) const {
  for (ContextState* s = state_; s != nullptr; s = s->parent) {
    if (s->key == key) return s->value.get();
  }
  return nullptr;
}

const runtime::Chan<Unit>& Context::Done() const {
  static const runtime::Chan<Unit> never(nullptr);
  if (state_ == nullptr || state_->cancelable == nullptr) return never;
  ContextState* s = state_->cancelable;
  if (const auto* chan = s->done_ptr.load(std::memory_order_acquire)) return *chan;
  runtime::Chan<Unit> fresh;
  {
    std::lock_guard hold(s->lock);
    if (!s->done_chan) {
      s->done_chan.emplace(fresh);
      if (s->done.load(std::memory_order_relaxed)) fresh.Close();  // nobody waits on it yet
      s->done_ptr.store(&*s->done_chan, std::memory_order_release);
    }
  }
  return *s->done_chan;
}

bool Context::IsDone() const {
  return state_ != nullptr && state_->cancelable != nullptr &&
         state_->cancelable->done.load(std::memory_order_acquire);
}

std::optional<Error> Context::Err() const {
  if (!IsDone()) return std::nullopt;
  return *state_->cancelable->err;
}

std::optional<Error> Context::Cause() const {
  if (!IsDone()) return std::nullopt;
  return *state_->cancelable->cause;
}

std::optional<int64_t> Context::Deadline() const {
  if (state_ == nullptr || state_->deadline == 0) return std::nullopt;
  return state_->deadline;
}

Result<void> Context::Check() const {
  if (IsDone()) return *state_->cancelable->err;
  return {};
}

bool Context::Register(internal::CancelNode* node) const {
  if (state_ == nullptr || state_->cancelable == nullptr) return true;
  ContextState* s = state_->cancelable;
  std::lock_guard hold(s->lock);
  if (s->done.load(std::memory_order_relaxed)) return false;
  node->prev = nullptr;
  node->next = s->nodes;
  if (node->next != nullptr) node->next->prev = node;
  s->nodes = node;
  node->queued = true;
  return true;
}

bool Context::Unregister(internal::CancelNode* node) const {
  if (state_ == nullptr || state_->cancelable == nullptr) return true;
  ContextState* s = state_->cancelable;
  std::lock_guard hold(s->lock);
  if (!node->queued) return false;
  (node->prev != nullptr ? node->prev->next : s->nodes) = node->next;
  if (node->next != nullptr) node->next->prev = node->prev;
  node->queued = false;
  return true;
}

void CancelFunc::operator()(std::optional<Error> cause) const {
  ContextState* s = ContextState::Of(ctx_);
  if (s == nullptr || ctx_.IsDone()) return;
  const auto& err = internal::CanceledError();
  internal::Cancel(s, err, cause ? std::make_shared<const Error>(std::move(*cause)) : err);
  internal::LeaveParent(s);
  runtime::StopTimer(s);
}

// While it waits, a registration keeps its context alive, and itself: a deadline must find both
// even if nobody holds a handle. `self` and `run` belong to whoever took the node out of the
// context's list.
struct StopFunc::Registration : internal::CancelNode {
  Context ctx;
  std::function<void()> run;
  std::shared_ptr<Registration> self;
};

StopFunc Context::AfterFunc(std::function<void()> fn) const {
  auto registration = std::make_shared<StopFunc::Registration>();
  registration->ctx = *this;
  registration->run = std::move(fn);
  registration->self = registration;
  registration->fn = [](internal::CancelNode* node) {
    // Under the context's lock: the fiber does the rest, and drops the references there.
    auto* r = static_cast<StopFunc::Registration*>(node);
    runtime::GoNamed("context.AfterFunc", [self = std::move(r->self)] {
      std::function<void()> run = std::move(self->run);
      run();
    });
  };
  if (!Register(registration.get())) registration->fn(registration.get());
  return StopFunc(std::move(registration));
}

bool StopFunc::operator()() const {
  if (!registration_->ctx.Unregister(registration_.get())) return false;
  std::function<void()> run = std::move(registration_->run);
  std::shared_ptr<Registration> self = std::move(registration_->self);
  return true;
}

namespace {

// A sleep that a context may end. Whoever changes `state` to kOver first decides.
struct Sleeper : runtime::TimerNode, internal::CancelNode {
  enum : uint32_t { kAwake, kParked, kOver };
  std::atomic<uint32_t> state{kAwake};
  runtime::G* g = nullptr;

  void End() {
    runtime::G* fiber = g;
    if (state.exchange(kOver, std::memory_order_acq_rel) == kParked) runtime::Ready(fiber);
  }
};

}  // namespace

Result<void> SleepFor(const Context& ctx, std::chrono::nanoseconds d) {
  XEBEC_TRY(ctx.Check());
  if (d.count() <= 0) return {};
  Sleeper sleeper;
  sleeper.g = runtime::CurrentG();
  sleeper.runtime::TimerNode::fire = [](runtime::TimerNode* node, int64_t) {
    static_cast<Sleeper*>(node)->End();
  };
  sleeper.internal::CancelNode::fn = [](internal::CancelNode* node) {
    static_cast<Sleeper*>(node)->End();
  };
  if (!ctx.Register(&sleeper)) return ctx.Check();
  runtime::StartTimer(&sleeper, runtime::AddTime(runtime::NanoTime(), d.count()));
  runtime::Park(
      [](runtime::G*, void* arg) {
        uint32_t awake = Sleeper::kAwake;
        return static_cast<Sleeper*>(arg)->state.compare_exchange_strong(
            awake, Sleeper::kParked, std::memory_order_acq_rel, std::memory_order_acquire);
      },
      &sleeper, runtime::WaitReason::kSleep);
  ctx.Unregister(&sleeper);
  runtime::StopTimer(&sleeper);
  return ctx.Check();
}

}  // namespace xebec
