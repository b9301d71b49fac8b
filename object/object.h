#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "object/ids.h"
#include "object/owner.h"
#include "object/time.h"
#include "object/value.h"
#include "runtime/result.h"

namespace xebec::object {

class Builder;

struct ParseOptions {
  size_t max_bytes = 16 << 20;  // a longer text is refused; an API server takes 3 MiB
  int max_depth = 200;          // nested arrays and objects; never more than kMaxDepth
};
inline constexpr int kMaxDepth = 200;

// A view of an object's metadata: a Value (so for fiber stacks only) with the usual fields by name.
class Metadata {
 public:
  Metadata() = default;
  explicit Metadata(Value value) : value_(value) {}
  const Value& value() const { return value_; }
  Value operator[](std::string_view key) const { return value_[key]; }

  std::string_view name() const { return value_["name"].AsString(); }
  std::string_view generate_name() const { return value_["generateName"].AsString(); }
  std::string_view ns() const { return value_["namespace"].AsString(); }
  std::string_view uid() const { return value_["uid"].AsString(); }
  std::string_view resource_version() const { return value_["resourceVersion"].AsString(); }
  int64_t generation() const { return value_["generation"].AsInt(); }
  Value labels() const { return value_["labels"]; }
  std::string_view Label(std::string_view key) const { return labels()[key].AsString(); }
  Value annotations() const { return value_["annotations"]; }
  std::string_view Annotation(std::string_view key) const { return annotations()[key].AsString(); }
  Value finalizers() const { return value_["finalizers"]; }
  bool HasFinalizer(std::string_view finalizer) const;
  Value owner_references() const { return value_["ownerReferences"]; }
  std::vector<OwnerReference> Owners() const;
  // The owner whose entry says controller: true.
  std::optional<OwnerReference> ControllerOwner() const;
  // Whether the controlling owner has this uid.
  bool IsControlledBy(std::string_view uid) const;
  std::optional<Time> creation_timestamp() const;
  std::optional<Time> deletion_timestamp() const;
  bool IsDeleting() const { return value_["deletionTimestamp"].IsString(); }

 private:
  Value value_;
};

// An immutable API object on the managed heap: one pointer-free block that views read in place. The
// handle is safe anywhere (globals, STL containers, captures, foreign threads) and is cheap to copy
// and move; the object lives as long as a handle or a view into it does.
//
// A handle is null until it is assigned; reading a null one is a Panic with the fiber's stack. On a
// thread without a fiber only those members may be used that return no view (name(), Json(), == …).
class Object {
 public:
  Object() = default;

  // Parses one JSON object from the wire. Fiber only. Fails with InvalidInput and the offset of
  // what is wrong: syntax, invalid UTF-8, a duplicate key, a number beyond 64 bits, too deep, too
  // long, or no object at its root. Cost: about 10 ns for each value.
  static Result<Object> Parse(std::string_view json, const ParseOptions& options = {});

  bool IsNull() const { return !rep_; }
  explicit operator bool() const { return !IsNull(); }

  // The whole as a Value.
  Value root() const;
  Value operator[](std::string_view key) const { return root()[key]; }
  Metadata metadata() const;

  // O(1). The text lives as long as this object does.
  std::string_view api_version() const;
  std::string_view kind() const;
  std::string_view name() const;
  std::string_view ns() const;
  std::string_view uid() const;
  std::string_view resource_version() const;
  GroupVersionKind gvk() const { return GroupVersionKind::From(api_version(), kind()); }
  NamespacedName key() const { return {std::string(ns()), std::string(name())}; }

  // Compact JSON with the keys in the order of the input.
  std::string Json() const;
  void AppendJson(std::string* out) const;
  // Bytes on the managed heap.
  size_t SizeBytes() const;
  // A builder that starts from this object. Include object/builder.h to use it.
  Builder Edit() const;

  // Whether both handles name the same block, or both are null.
  bool SameAs(const Object& other) const { return rep_.get() == other.rep_.get(); }
  // Deep equality; null equals null only.
  friend bool operator==(const Object& a, const Object& b);

 private:
  friend class internal::Access;
  explicit Object(gc::Ref<gc::Blob> rep) : rep_(rep) {}
  gc::Blob* Checked() const;

  gc::Root<gc::Blob> rep_;
};

// A typed view's base: the kinds of object/api wrap an Object and are as safe as it is. `T(object)`
// does not look at the object's kind; unknown fields stay in it.
class TypedObject {
 public:
  TypedObject() = default;
  explicit TypedObject(Object object) : object_(std::move(object)) {}

  const Object& object() const { return object_; }
  bool IsNull() const { return object_.IsNull(); }
  explicit operator bool() const { return !IsNull(); }
  Value operator[](std::string_view key) const { return object_[key]; }
  Metadata metadata() const { return object_.metadata(); }
  std::string_view name() const { return object_.name(); }
  std::string_view ns() const { return object_.ns(); }
  std::string_view uid() const { return object_.uid(); }
  std::string_view resource_version() const { return object_.resource_version(); }
  NamespacedName key() const { return object_.key(); }
  std::string Json() const { return object_.Json(); }

  friend bool operator==(const TypedObject& a, const TypedObject& b) = default;

 private:
  Object object_;
};

// The Object inside: the identity for an Object, object() for a typed one. For code that is generic
// over both.
inline const Object& AsObject(const Object& object) { return object; }
inline const Object& AsObject(const TypedObject& object) { return object.object(); }

// The kind of T as an identifier: from T::kGroup, kVersion, kKind and kResource of a typed view.
template <class T>
GroupVersionKind KindOf() {
  return {std::string(T::kGroup), std::string(T::kVersion), std::string(T::kKind)};
}
template <class T>
GroupVersionResource ResourceOf() {
  return {std::string(T::kGroup), std::string(T::kVersion), std::string(T::kResource)};
}

}  // namespace xebec::object
