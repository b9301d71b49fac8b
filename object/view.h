// What generated headers stand on: typed views and typed builders.
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "object/base64.h"
#include "object/builder.h"
#include "object/object.h"
#include "object/quantity.h"
#include "object/time.h"
#include "object/value.h"

namespace xebec::object {

// A view of a nested value with its fields by name. As a Value, it lives on fiber stacks; a view of
// something that is not there reads as empty.
class View {
 public:
  View() = default;
  explicit View(Value value) : value_(value) {}
  // The value underneath, for fields that the type does not know.
  const Value& raw() const { return value_; }
  Value operator[](std::string_view key) const { return value_[key]; }
  bool Has(std::string_view key) const { return value_.Has(key); }
  bool IsMissing() const { return value_.IsMissing(); }
  explicit operator bool() const { return !value_.IsMissing(); }
  std::string Json() const { return value_.Json(); }
  friend bool operator==(const View& a, const View& b) { return a.value_ == b.value_; }

 private:
  Value value_;
};

// A field that is an integer or a string, such as a port or a percentage.
class IntOrString {
 public:
  IntOrString() = default;
  explicit IntOrString(Value value) : value_(value) {}
  const Value& raw() const { return value_; }
  bool IsMissing() const { return value_.IsMissing(); }
  bool IsInt() const { return value_.IsInt(); }
  bool IsString() const { return value_.IsString(); }
  int32_t AsInt(int32_t def = 0) const { return static_cast<int32_t>(value_.AsInt(def)); }
  std::string_view AsString() const { return value_.AsString(); }
  // "8080", "http", "25%".
  std::string ToString() const { return IsString() ? std::string(AsString()) : value_.Json(); }

 private:
  Value value_;
};

// Decoded from base64; empty where the text is malformed.
using Bytes = std::string;

namespace internal {
std::optional<Time> ReadTime(const Value& value);
Quantity ReadQuantity(const Value& value);
Bytes ReadBytes(const Value& value);
}  // namespace internal

// A Value as a T: a number, bool, text, bytes, time, quantity or a view. What does not fit reads as
// empty.
template <class T>
T As(const Value& v) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return v.AsString();
  } else if constexpr (std::is_same_v<T, bool>) {
    return v.AsBool();
  } else if constexpr (std::is_integral_v<T>) {
    int64_t i = v.AsInt();
    return std::in_range<T>(i) ? static_cast<T>(i) : T{};
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(v.AsDouble());
  } else if constexpr (std::is_same_v<T, std::optional<Time>>) {
    return internal::ReadTime(v);
  } else if constexpr (std::is_same_v<T, Quantity>) {
    return internal::ReadQuantity(v);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return internal::ReadBytes(v);
  } else {
    return T(v);
  }
}

// An array whose elements are read as T.
template <class T>
class ListView {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = T;
    explicit Iterator(ElementRange::Iterator it) : it_(it) {}
    T operator*() const { return As<T>(*it_); }
    Iterator& operator++() { return ++it_, *this; }
    bool operator==(const Iterator& o) const { return it_ == o.it_; }

   private:
    ElementRange::Iterator it_;
  };

  ListView() = default;
  explicit ListView(Value value) : value_(value), elements_(value.Elements()) {}
  const Value& raw() const { return value_; }
  bool IsMissing() const { return value_.IsMissing(); }
  size_t size() const { return elements_.size(); }
  bool empty() const { return elements_.empty(); }
  T operator[](size_t i) const { return As<T>(value_[i]); }
  Iterator begin() const { return Iterator(elements_.begin()); }
  Iterator end() const { return Iterator(elements_.end()); }

 private:
  Value value_;
  ElementRange elements_ = Value().Elements();
};

// An object whose values are read as T: for (auto [key, value] : pod.spec().node_selector()).
template <class T>
class MapView {
 public:
  struct Entry {
    std::string_view key;
    T value;
  };
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    using pointer = const Entry*;
    using reference = Entry;
    explicit Iterator(FieldRange::Iterator it) : it_(it) {}
    Entry operator*() const {
      Field field = *it_;
      return {field.key, As<T>(field.value)};
    }
    Iterator& operator++() { return ++it_, *this; }
    bool operator==(const Iterator& o) const { return it_ == o.it_; }

   private:
    FieldRange::Iterator it_;
  };

  MapView() = default;
  explicit MapView(Value value) : value_(value), fields_(value.Fields()) {}
  const Value& raw() const { return value_; }
  bool IsMissing() const { return value_.IsMissing(); }
  size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  bool Has(std::string_view key) const { return value_.Has(key); }
  T operator[](std::string_view key) const { return As<T>(value_[key]); }
  Iterator begin() const { return Iterator(fields_.begin()); }
  Iterator end() const { return Iterator(fields_.end()); }

 private:
  Value value_;
  FieldRange fields_ = Value().Fields();
};

// The base of a nested type's builder: a document of its own, or a place in another builder's.
template <class Derived>
class StructBuilder : public Slot {
 public:
  StructBuilder() = default;
  explicit StructBuilder(Slot slot) : Slot(std::move(slot)) {}

 protected:
  Derived& Self() { return static_cast<Derived&>(*this); }
  Derived& Put_(std::string_view key, const Input& v) {
    Set(key, v);
    return Self();
  }
  Derived& Put_(std::string_view key, std::string_view k, const Input& v) {
    Set({key, k}, v);
    return Self();
  }
  Derived& Add_(std::string_view key, const Input& v) {
    (*this)[key].Append(v);
    return Self();
  }
  Slot Add_(std::string_view key) { return (*this)[key].Append(); }
  Slot At_(std::string_view key) { return (*this)[key]; }
};

// The base of a kind's builder. Kind is made by Build.
template <class Derived, class Kind>
class KindBuilder {
 public:
  // A new object with its apiVersion and kind.
  KindBuilder() : builder_(KindOf<Kind>()) {}
  // A changed copy of `object`.
  explicit KindBuilder(const Kind& object) : builder_(object.object()) {
    builder_.Set("apiVersion", Kind::kApiVersion);
    builder_.Set("kind", Kind::kKind);
  }

  Derived& SetName(std::string_view name) { return builder_.SetName(name), Self(); }
  Derived& SetGenerateName(std::string_view prefix) {
    return builder_.SetGenerateName(prefix), Self();
  }
  Derived& SetNamespace(std::string_view ns) { return builder_.SetNamespace(ns), Self(); }
  Derived& SetUid(std::string_view uid) { return builder_.SetUid(uid), Self(); }
  Derived& SetResourceVersion(std::string_view rv) {
    return builder_.SetResourceVersion(rv), Self();
  }
  Derived& SetLabel(std::string_view key, std::string_view value) {
    return builder_.SetLabel(key, value), Self();
  }
  Derived& RemoveLabel(std::string_view key) { return builder_.RemoveLabel(key), Self(); }
  Derived& SetAnnotation(std::string_view key, std::string_view value) {
    return builder_.SetAnnotation(key, value), Self();
  }
  Derived& RemoveAnnotation(std::string_view key) { return builder_.RemoveAnnotation(key), Self(); }
  Derived& AddFinalizer(std::string_view finalizer) {
    return builder_.AddFinalizer(finalizer), Self();
  }
  Derived& RemoveFinalizer(std::string_view finalizer) {
    return builder_.RemoveFinalizer(finalizer), Self();
  }
  Derived& SetOwnerReference(const OwnerReference& owner) {
    return builder_.SetOwnerReference(owner), Self();
  }
  Result<void> SetControllerReference(const Object& owner) {
    return builder_.SetControllerReference(owner);
  }
  Result<void> SetControllerReference(const TypedObject& owner) {
    return builder_.SetControllerReference(owner.object());
  }

  // The builder underneath, for fields that the type does not know.
  Builder& untyped() { return builder_; }
  std::string Json() const { return builder_.Json(); }
  Kind Build() const { return Kind(builder_.Build()); }

 protected:
  Derived& Self() { return static_cast<Derived&>(*this); }
  Derived& Put_(std::string_view key, const Input& v) {
    builder_.Set(key, v);
    return Self();
  }
  Derived& Put_(std::string_view key, std::string_view k, const Input& v) {
    builder_.Set({key, k}, v);
    return Self();
  }
  Derived& Add_(std::string_view key, const Input& v) {
    builder_.Append(key, v);
    return Self();
  }
  Slot Add_(std::string_view key) { return builder_.slot()[key].Append(); }
  Slot At_(std::string_view key) { return builder_.slot()[key]; }

 private:
  Builder builder_;
};

}  // namespace xebec::object
