#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "object/object.h"

namespace xebec::informer {

// Is told what happened to the objects of an informer, one event after another, in order, on a
// fiber of its own.
//
// The cache and its indexes hold the change before the handler hears of it, and may hold later ones
// too. Events may be merged (a create and a delete that both happened while the watch was down are
// never seen), so a handler should take one as "look at this key", not as a history. A Panic in a
// handler is logged and counted; the next event goes on.
class EventHandler {
 public:
  virtual ~EventHandler() = default;
  // in_initial_list: it existed when the informer (or this handler) started.
  virtual void OnAdd(const object::Object& object, bool in_initial_list) = 0;
  // A resync hands over the same object twice. A deleted and re-created object (another uid) may
  // come as one update.
  virtual void OnUpdate(const object::Object& old_object, const object::Object& new_object) = 0;
  // final_state_unknown: the deletion itself was missed; `object` is the last state that was seen.
  virtual void OnDelete(const object::Object& object, bool final_state_unknown) = 0;
};

// A handler from functions over a typed view (or object::Object); what is not set is ignored.
template <class T>
struct EventHandlerFuncs {
  std::function<void(const T& object, bool in_initial_list)> on_add;
  std::function<void(const T& old_object, const T& new_object)> on_update;
  std::function<void(const T& object, bool final_state_unknown)> on_delete;
};

template <class T>
std::shared_ptr<EventHandler> MakeEventHandler(EventHandlerFuncs<T> funcs) {
  class Typed final : public EventHandler {
   public:
    explicit Typed(EventHandlerFuncs<T> funcs) : funcs_(std::move(funcs)) {}
    void OnAdd(const object::Object& object, bool in_initial_list) override {
      if (funcs_.on_add) funcs_.on_add(T(object), in_initial_list);
    }
    void OnUpdate(const object::Object& old_object, const object::Object& new_object) override {
      if (funcs_.on_update) funcs_.on_update(T(old_object), T(new_object));
    }
    void OnDelete(const object::Object& object, bool final_state_unknown) override {
      if (funcs_.on_delete) funcs_.on_delete(T(object), final_state_unknown);
    }

   private:
    EventHandlerFuncs<T> funcs_;
  };
  return std::make_shared<Typed>(std::move(funcs));
}

}  // namespace xebec::informer
