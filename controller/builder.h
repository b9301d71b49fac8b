#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "controller/manager.h"
#include "controller/predicate.h"
#include "controller/reconcile_loop.h"
#include "controller/reconciler.h"
#include "informer/event_handler.h"
#include "object/object.h"
#include "runtime/result.h"

namespace xebec::controller {

// Finds the keys to reconcile for an object that changed. On an update it is asked for the old and
// the new object.
template <class T>
using Mapper = std::function<std::vector<Request>(const T&)>;

// The request for the object itself.
template <class T>
Mapper<T> MapToSelf() {
  return [](const T& object) { return std::vector<Request>{Request{object.key()}}; };
}

// A source of requests: the events of T's informer that `predicate` lets pass, through `mapper`.
template <class T>
Source SourceOf(informer::SharedInformerFactory& informers, Mapper<T> mapper,
                Predicate<T> predicate);

// Puts a controller together and adds it to a manager.
//
//   controller::Builder(manager)
//       .For<PodSet>()
//       .Owns<Pod>()
//       .WithOptions({.max_concurrent_reconciles = 4})
//       .Complete(reconciler);
//
// For: the kind that is reconciled; exactly one. Owns: objects whose controlling owner is of that
// kind reconcile the owner. Watches: any other kind, mapped to keys by a function.
class Builder {
 public:
  explicit Builder(Manager& manager) : manager_(manager) {}

  // The controller's name in logs and metrics; by default For's kind in lower case.
  Builder& Named(std::string name) {
    name_ = std::move(name);
    return *this;
  }

  template <class T>
  Builder& For(Predicate<T> predicate = {}) {
    ++for_count_;
    if (name_.empty()) name_ = LowerCase(T::kKind);
    owner_.kind = T::kKind;
    owner_.group = T::kGroup;
    owner_.namespaced = T::kNamespaced;
    return Watches<T>(MapToSelf<T>(), std::move(predicate));
  }

  template <class U>
  Builder& Owns(Predicate<U> predicate = {}) {
    sources_.push_back([predicate = std::move(predicate)](Builder& self) {
      Mapper<U> to_owner = [owner = self.owner_](const U& object) {
        return owner.RequestsFor(object.metadata(), object.ns());
      };
      return SourceOf<U>(self.manager_.informers(), std::move(to_owner), predicate);
    });
    return *this;
  }

  template <class V>
  Builder& Watches(Mapper<V> mapper, Predicate<V> predicate = {}) {
    sources_.push_back(
        [mapper = std::move(mapper), predicate = std::move(predicate)](Builder& self) {
          return SourceOf<V>(self.manager_.informers(), mapper, predicate);
        });
    return *this;
  }

  Builder& WithOptions(LoopOptions options) {
    options_ = std::move(options);
    return *this;
  }

  // Adds the controller to the manager, which starts it. Errors: InvalidInput without exactly one
  // For, or for a name that another controller of the manager has.
  Result<void> Complete(std::shared_ptr<Reconciler> reconciler);
  Result<void> Complete(ReconcileFunc reconcile) {
    return Complete(MakeReconciler(std::move(reconcile)));
  }

 private:
  // The kind given to For, as owner references name it.
  struct OwnerKind {
    std::string group, kind;
    bool namespaced = true;
    std::vector<Request> RequestsFor(const object::Metadata& metadata, std::string_view ns) const;
  };
  static std::string LowerCase(std::string_view text);

  Manager& manager_;
  std::string name_;
  int for_count_ = 0;
  OwnerKind owner_;
  std::vector<std::function<Source(Builder&)>> sources_;
  LoopOptions options_;
};

template <class T>
Source SourceOf(informer::SharedInformerFactory& informers, Mapper<T> mapper,
                Predicate<T> predicate) {
  auto informer = informers.InformerFor<T>();
  auto registration = std::make_shared<informer::HandlerRegistration>();
  Source source;
  source.name = T::kResource;
  source.start = [=](Context, std::shared_ptr<RequestQueue> queue) -> Result<void> {
    auto add = [mapper, queue](const T& object) {
      for (const Request& request : mapper(object)) queue->Add(request);
    };
    *registration = informer->AddEventHandler(informer::MakeEventHandler<T>({
        .on_add =
            [=](const T& object, bool) {
              if (!predicate.on_create || predicate.on_create(object)) add(object);
            },
        .on_update =
            [=](const T& old_object, const T& new_object) {
              if (predicate.on_update && !predicate.on_update(old_object, new_object)) return;
              add(old_object);
              add(new_object);
            },
        .on_delete =
            [=](const T& object, bool) {
              if (!predicate.on_delete || predicate.on_delete(object)) add(object);
            },
    }));
    return {};
  };
  source.wait_for_sync = [=](Context ctx) -> Result<void> {
    return registration->WaitForSync(ctx);
  };
  return source;
}

}  // namespace xebec::controller
