// What the collector knows about a managed type: which of its words are Members.
//
// The list is written once, inside the class, by XEBEC_GC_MEMBERS. The compiler turns it into a
// bitmap of words, so that marking needs no virtual call and no code of the type.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace xebec::gc {

template <class T>
class Member;
template <class T>
class AtomicMember;
template <class T>
class Array;

namespace internal {

// Describes the objects of one managed type. `bits` has one bit for each word of an element, set
// where a Member is. A plain object is one element at word 0. An Array has its length in word 0 and
// its elements from `first_word` on.
struct TypeInfo {
  uint64_t mask = 0;               // the first 64 bits of the bitmap
  const uint64_t* bits = nullptr;  // the whole bitmap, `words` bits
  uint32_t words = 0;              // words of one element
  uint32_t first_word = 0;         // words before the first element
  bool is_array = false;
  std::string_view name;
  mutable uint16_t id = 0;  // place in the table of types; set when first needed (heap lock)
};

// Reads member lists, also private ones: XEBEC_GC_MEMBERS befriends it.
struct MemberAccess {
  template <class T>
  static constexpr bool HasList() {
    return requires { typename T::XebecGcSelf; };
  }
  template <class T>
  static constexpr bool OwnsList() {
    return std::is_same_v<typename T::XebecGcSelf, T>;
  }
  template <class T, class Visitor>
  static constexpr void Visit(Visitor visit) {
    std::apply(visit, T::XebecGcFields());
  }
};

template <class T>
struct IsMember : std::false_type {};
template <class T>
struct IsMember<Member<T>> : std::true_type {};
template <class T>
struct IsMember<AtomicMember<T>> : std::true_type {};

// True if objects of type T hold Members, so that the collector must look into them.
template <class T>
inline constexpr bool kIsScan = IsMember<std::remove_all_extents_t<T>>::value ||
                                MemberAccess::HasList<std::remove_all_extents_t<T>>();

template <size_t kBytes>
inline constexpr size_t kBitmapWords = ((kBytes + 7) / 8 + 63) / 64;

template <size_t kBytes>
using Bitmap = std::array<uint64_t, kBitmapWords<kBytes> == 0 ? 1 : kBitmapWords<kBytes>>;

template <class T, class Bits>
constexpr void SetBits(Bits& bits, size_t offset);

// One field of a member list: its offset and type.
template <class F>
struct Field {
  using Type = F;
  size_t offset;
};

template <class Bits, class F>
constexpr void SetField(Bits& bits, Field<F> field) {
  static_assert(kIsScan<F>,
                "XEBEC_GC_MEMBERS lists a field that is neither a Member nor a type with a member "
                "list of its own");
  SetBits<F>(bits, field.offset);
}

template <class T, class Bits>
constexpr void SetBits(Bits& bits, size_t offset) {
  if constexpr (std::is_array_v<T>) {
    using E = std::remove_extent_t<T>;
    for (size_t i = 0; i < std::extent_v<T>; ++i) SetBits<E>(bits, offset + i * sizeof(E));
  } else if constexpr (IsMember<T>::value) {
    bits[offset / 8 / 64] |= uint64_t{1} << (offset / 8 % 64);
  } else {
    static_assert(MemberAccess::OwnsList<T>(),
                  "a managed type does not inherit its member list: give it one of its own, or "
                  "hold the base as a field");
    MemberAccess::Visit<T>(
        [&](auto... fields) { (SetField(bits, decltype(fields){fields.offset + offset}), ...); });
  }
}

template <class T>
constexpr Bitmap<sizeof(T)> MakeBitmap() {
  Bitmap<sizeof(T)> bits{};
  SetBits<T>(bits, 0);
  return bits;
}

template <class T>
inline constexpr Bitmap<sizeof(T)> kBitmap = MakeBitmap<T>();

template <class T>
constexpr std::string_view TypeName() {
  std::string_view text = __PRETTY_FUNCTION__;  // "... [with T = a::B; std::string_view = ...]"
  size_t from = text.find("T = ");
  if (from == std::string_view::npos) return "?";
  text.remove_prefix(from + 4);
  return text.substr(0, text.find_first_of(";]"));
}

template <class T>
inline constinit const TypeInfo kTypeInfo = {
    kBitmap<T>[0], kBitmap<T>.data(), (sizeof(T) + 7) / 8, 0, false, TypeName<T>(), 0};

// Bytes before the first element of an Array<T>.
template <class T>
inline constexpr size_t kArrayHeader = alignof(T) > sizeof(size_t) ? alignof(T) : sizeof(size_t);

template <class T>
inline constinit const TypeInfo kArrayTypeInfo = {kBitmap<T>[0],
                                                  kBitmap<T>.data(),
                                                  sizeof(T) / 8,
                                                  kArrayHeader<T> / 8,
                                                  true,
                                                  TypeName<Array<T>>(),
                                                  0};

}  // namespace internal
}  // namespace xebec::gc

// Lists the Members of a managed type, once, inside the class: fields that are a Member, an
// AtomicMember, a type with a list of its own (gc::Vector, gc::Map, a nested struct), or an array
// of these. A type without Members needs no list.
//
//   struct Node {
//     int value = 0;
//     xebec::gc::Member<Node> left, right;
//     XEBEC_GC_MEMBERS(Node, left, right);
//   };
#define XEBEC_GC_MEMBERS(Type, ...)                                                        \
  _Pragma("GCC diagnostic push")                                                           \
      _Pragma("GCC diagnostic ignored \"-Winvalid-offsetof\"") friend struct ::xebec::gc:: \
          internal::MemberAccess;                                                          \
  using XebecGcSelf [[maybe_unused]] = Type;                                               \
  static constexpr auto XebecGcFields() {                                                  \
    return ::std::tuple(XEBEC_GC_EACH(Type __VA_OPT__(, ) __VA_ARGS__));                   \
  }                                                                                        \
  _Pragma("GCC diagnostic pop") static_assert(true)

#define XEBEC_GC_FIELD(Type, field) \
  ::xebec::gc::internal::Field<decltype(Type::field)> { offsetof(Type, field) }
#define XEBEC_GC_PARENS ()
#define XEBEC_GC_EXPAND(...) \
  XEBEC_GC_EXPAND2(XEBEC_GC_EXPAND2(XEBEC_GC_EXPAND2(XEBEC_GC_EXPAND2(__VA_ARGS__))))
#define XEBEC_GC_EXPAND2(...) \
  XEBEC_GC_EXPAND1(XEBEC_GC_EXPAND1(XEBEC_GC_EXPAND1(XEBEC_GC_EXPAND1(__VA_ARGS__))))
#define XEBEC_GC_EXPAND1(...) __VA_ARGS__
#define XEBEC_GC_EACH(Type, ...) __VA_OPT__(XEBEC_GC_EXPAND(XEBEC_GC_EACH1(Type, __VA_ARGS__)))
#define XEBEC_GC_EACH1(Type, field, ...) \
  XEBEC_GC_FIELD(Type, field) __VA_OPT__(, XEBEC_GC_AGAIN XEBEC_GC_PARENS(Type, __VA_ARGS__))
#define XEBEC_GC_AGAIN() XEBEC_GC_EACH1
