#include "object/view.h"

namespace xebec::object::internal {

std::optional<Time> ReadTime(const Value& value) {
  if (!value.IsString()) return std::nullopt;
  Result<Time> time = Time::Parse(value.AsString());
  if (!time.ok()) return std::nullopt;
  return *time;
}

Quantity ReadQuantity(const Value& value) {
  Result<Quantity> q =
      Quantity::Parse(value.IsString() ? std::string(value.AsString()) : value.Json());
  return q.ok() ? *q : Quantity();
}

Bytes ReadBytes(const Value& value) {
  return DecodeBase64(value.AsString()).value_or(std::string());
}

}  // namespace xebec::object::internal
