#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "object/object.h"
#include "object/owner.h"
#include "runtime/result.h"

namespace xebec::object {

namespace internal {
class EditTree;
}  // namespace internal

class Builder;
class Slot;

// One step of a path: a field's name or an element's index.
struct PathStep {
  PathStep(const char* k) : key(k) {}         // NOLINT(google-explicit-constructor)
  PathStep(std::string_view k) : key(k) {}    // NOLINT(google-explicit-constructor)
  PathStep(const std::string& k) : key(k) {}  // NOLINT(google-explicit-constructor)
  template <std::integral I>
  PathStep(I i)
      : index(static_cast<size_t>(i)), is_index(true) {}  // NOLINT(google-explicit-constructor)

  std::string_view key;
  size_t index = 0;
  bool is_index = false;
};

// Where in an object: {"spec", "containers", 0, "image"}, or one field's name alone. Lives for one
// call.
class Path {
 public:
  Path(std::initializer_list<PathStep> steps) : many_(steps.begin(), steps.size()) {}
  Path(std::span<const PathStep> steps) : many_(steps) {}     // NOLINT(google-explicit-constructor)
  Path(const char* key) : one_(key), single_(true) {}         // NOLINT(google-explicit-constructor)
  Path(std::string_view key) : one_(key), single_(true) {}    // NOLINT(google-explicit-constructor)
  Path(const std::string& key) : one_(key), single_(true) {}  // NOLINT(google-explicit-constructor)
  std::span<const PathStep> steps() const { return single_ ? std::span(&one_, 1) : many_; }

 private:
  std::span<const PathStep> many_;
  PathStep one_ = "";
  bool single_ = false;
};

// What a builder can be given: null, a bool, a number, a string, a view, an object, a builder,
// strings in a vector or a map. Lives for one call: it points to what it was made from.
class Input {
 public:
  enum class Type : uint8_t {
    kNull,
    kBool,
    kInt,
    kUint,
    kDouble,
    kString,
    kValue,
    kSlot,
    kStrings,
    kStringMap
  };

  Input(std::nullptr_t) {}  // NOLINT
  template <std::same_as<bool> B>
  Input(B b) : type_(Type::kBool), int_(b) {}  // NOLINT
  template <std::signed_integral I>
  Input(I i) : type_(Type::kInt), int_(i) {}  // NOLINT
  template <std::unsigned_integral U>
    requires(!std::same_as<U, bool>)
  Input(U u) : type_(Type::kUint), int_(static_cast<int64_t>(u)) {}  // NOLINT
  template <std::floating_point D>
  Input(D d) : type_(Type::kDouble), double_(d) {}                   // NOLINT
  Input(const char* s) : type_(Type::kString), string_(s) {}         // NOLINT
  Input(std::string_view s) : type_(Type::kString), string_(s) {}    // NOLINT
  Input(const std::string& s) : type_(Type::kString), string_(s) {}  // NOLINT
  Input(const Value& v) : type_(Type::kValue), value_(v) {}          // NOLINT  Missing removes
  Input(const Object& o) : type_(Type::kValue), value_(o.root()) {}  // NOLINT
  Input(const TypedObject& o) : type_(Type::kValue), value_(o.object().root()) {}  // NOLINT
  template <class V>
    requires requires(const V& v) {
      { v.raw() } -> std::same_as<const Value&>;
    }
  Input(const V& view) : Input(view.raw()) {}                 // NOLINT  a typed view
  Input(const Builder& b);                                    // NOLINT
  Input(const Slot& s) : type_(Type::kSlot), pointer_(&s) {}  // NOLINT
  Input(const std::vector<std::string>& v) : type_(Type::kStrings), pointer_(&v) {}  // NOLINT
  Input(const std::map<std::string, std::string>& m)
      : type_(Type::kStringMap), pointer_(&m) {}  // NOLINT

 private:
  friend class internal::EditTree;
  Type type_ = Type::kNull;
  int64_t int_ = 0;
  double double_ = 0;
  std::string_view string_;
  Value value_;
  const void* pointer_ = nullptr;
};

// A place in the document that a Builder is changing. Copies name the same place. Typed builders
// are made of these.
class Slot {
 public:
  Slot();  // a new document of its own: {}

  // The field or element; it is made (an empty object) where it does not exist.
  Slot operator[](std::string_view key) const;
  // A new element (an empty object) at the end of this array; anything that is no array becomes
  // one.
  Slot Append() const;
  void Append(const Input& input) const;
  void Set(const Path& path, const Input& input) const;
  void Remove(const Path& path) const;
  bool Has(std::string_view key) const;
  std::string Json() const;
  // What stands at this place now, as an object of its own. A Panic if it is no JSON object.
  Object Build() const;

 private:
  friend class Builder;
  friend class internal::EditTree;
  Slot(std::shared_ptr<internal::EditTree> tree, uint32_t node)
      : tree_(std::move(tree)), node_(node) {}
  std::shared_ptr<internal::EditTree> tree_;
  uint32_t node_;
};

// Makes a changed copy of an object, or a new one. What is not touched is never copied until Build.
// Safe anywhere, for one fiber at a time; copying a Builder copies its state. Text that is no UTF-8
// is mended with U+FFFD, as Go does. A path through something that is no object (or array, for an
// index) replaces it; an index beyond the end of its array is a Panic.
class Builder {
 public:
  Builder();                               // {}
  explicit Builder(const Object& object);  // null starts from {}
  explicit Builder(const Value& value);
  explicit Builder(const GroupVersionKind& gvk);  // {"apiVersion": …, "kind": …}
  Builder(const Builder& other);
  Builder& operator=(const Builder& other);
  Builder(Builder&&) noexcept = default;
  Builder& operator=(Builder&&) noexcept = default;
  ~Builder() = default;

  // Sets the value at a path and makes what is missing on the way. A Missing value removes.
  Builder& Set(const Path& path, const Input& input);
  Builder& Append(const Path& path, const Input& input);
  // Removes a field or element; nothing happens where there is none.
  Builder& Remove(const Path& path);
  bool Has(const Path& path) const;
  // The text at a path, "" if there is none or it is no string. Valid until the next change.
  std::string_view GetString(const Path& path) const;
  Slot slot() const { return root_; }

  Builder& SetName(std::string_view name);
  Builder& SetGenerateName(std::string_view prefix);
  Builder& SetNamespace(std::string_view ns);
  Builder& SetUid(std::string_view uid);
  Builder& SetResourceVersion(std::string_view rv);  // "" removes it
  Builder& SetLabel(std::string_view key, std::string_view value);
  Builder& RemoveLabel(std::string_view key);
  Builder& SetAnnotation(std::string_view key, std::string_view value);
  Builder& RemoveAnnotation(std::string_view key);
  // Returns whether the list changed.
  bool AddFinalizer(std::string_view finalizer);
  bool RemoveFinalizer(std::string_view finalizer);
  // Adds the reference, or replaces the one with the same uid (or group, kind and name, as
  // controller-runtime does).
  Builder& SetOwnerReference(const OwnerReference& owner);
  Builder& RemoveOwnerReference(std::string_view uid);
  // Makes `owner` the controller of this object. Fails: InvalidInput where the owner has no uid,
  // name or kind or stands in another namespace; AlreadyExists where another controller owns it.
  Result<void> SetControllerReference(const Object& owner);

  std::string Json() const { return root_.Json(); }
  // The result. The builder can be used further. Fiber only.
  Object Build() const { return root_.Build(); }

 private:
  friend class Input;
  Slot root_;
};

// The reference to `owner` that SetControllerReference writes: controller and blockOwnerDeletion
// are true.
OwnerReference ControllerReferenceTo(const Object& owner);

}  // namespace xebec::object
