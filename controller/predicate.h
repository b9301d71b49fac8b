#pragma once

#include <functional>
#include <utility>

namespace xebec::controller {

// Says which events of a watched kind ask for a reconcile. A member that is not set lets all its
// events pass.
template <class T>
struct Predicate {
  std::function<bool(const T&)> on_create;
  std::function<bool(const T& old_object, const T& new_object)> on_update;
  std::function<bool(const T&)> on_delete;
};

// Updates that changed the spec (or anything but status and metadata): metadata.generation moved.
template <class T>
Predicate<T> GenerationChanged() {
  return {.on_update = [](const T& old_object, const T& new_object) {
    return old_object.metadata().generation() != new_object.metadata().generation();
  }};
}

// Updates that changed anything: metadata.resourceVersion moved (a resync does not move it).
template <class T>
Predicate<T> ResourceVersionChanged() {
  return {.on_update = [](const T& old_object, const T& new_object) {
    return old_object.metadata().resource_version() != new_object.metadata().resource_version();
  }};
}

// Lets pass what both let pass.
template <class T>
Predicate<T> And(Predicate<T> a, Predicate<T> b) {
  auto both = [](auto first, auto second) {
    return [first = std::move(first), second = std::move(second)](const auto&... objects) {
      return (!first || first(objects...)) && (!second || second(objects...));
    };
  };
  return {.on_create = both(std::move(a.on_create), std::move(b.on_create)),
          .on_update = both(std::move(a.on_update), std::move(b.on_update)),
          .on_delete = both(std::move(a.on_delete), std::move(b.on_delete))};
}

}  // namespace xebec::controller
