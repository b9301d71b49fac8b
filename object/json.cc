#include "object/json.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "object/internal/access.h"
#include "object/internal/tape_writer.h"

namespace xebec::object {

namespace {

using internal::TapeWriter;

// Writes a json to a tape; says why it cannot.
template <class Json>
Result<void> Write(const Json& json, TapeWriter* out) {
  switch (json.type()) {
    case Json::value_t::null:
      out->Null();
      return {};
    case Json::value_t::boolean:
      out->Bool(json.template get<bool>());
      return {};
    case Json::value_t::number_integer:
      out->Int(json.template get<int64_t>());
      return {};
    case Json::value_t::number_unsigned:
      out->Uint(json.template get<uint64_t>());
      return {};
    case Json::value_t::number_float: {
      auto d = json.template get<double>();
      if (!std::isfinite(d)) return Error::InvalidInput("JSON has no NaN and no infinity");
      out->Double(d);
      return {};
    }
    case Json::value_t::string:
      out->Text(json.template get_ref<const std::string&>());
      return {};
    case Json::value_t::array:
    case Json::value_t::object:
      break;
    default:
      return Error::InvalidInput("binary data has no form in JSON");
  }
  if (out->depth() >= static_cast<size_t>(kMaxDepth)) {
    return Error::InvalidInput(fmt::format("JSON nested deeper than {} levels", kMaxDepth));
  }
  if (json.is_array()) {
    out->BeginArray();
    for (const Json& element : json) XEBEC_TRY(Write(element, out));
    out->EndArray();
    return {};
  }
  out->BeginObject();
  for (auto it = json.begin(); it != json.end(); ++it) {
    out->MendedKey(it.key());
    XEBEC_TRY(Write(it.value(), out));
  }
  if (!out->EndObject()) return Error::InvalidInput("a key stands twice in one object");
  return {};
}

template <class Json>
Result<Object> From(const Json& json) {
  if (!json.is_object()) {
    return Error::InvalidInput(fmt::format("expected a JSON object, got {}", json.type_name()));
  }
  TapeWriter writer;
  XEBEC_TRY(Write(json, &writer));
  if (writer.too_large()) return Error::InvalidInput("a JSON object of more than 256 MiB");
  writer.Seal();
  return internal::Access::MakeObject(writer.Finish());
}

template <class Json>
Json To(const Value& v) {
  switch (v.kind()) {
    case Kind::kMissing:
    case Kind::kNull:
      return nullptr;
    case Kind::kBool:
      return v.AsBool();
    case Kind::kInt:
      if (uint64_t u = v.AsUint(); u > static_cast<uint64_t>(INT64_MAX)) return u;
      return v.AsInt();
    case Kind::kDouble:
      return v.AsDouble();
    case Kind::kString:
      return std::string(v.AsString());
    case Kind::kArray: {
      Json array = Json::array();
      for (Value element : v.Elements()) array.push_back(To<Json>(element));
      return array;
    }
    case Kind::kObject: {
      Json object = Json::object();
      // An ordered_json is a vector, and looking for each key would make it O(n²).
      for (auto [key, value] : v.Fields()) {
        if constexpr (std::is_same_v<Json, nlohmann::ordered_json>) {
          object.template get_ref<typename Json::object_t&>().emplace_back(std::string(key),
                                                                           To<Json>(value));
        } else {
          object.emplace(std::string(key), To<Json>(value));
        }
      }
      return object;
    }
  }
  return nullptr;
}

}  // namespace

Result<Object> FromJson(const nlohmann::json& json) { return From(json); }
Result<Object> FromJson(const nlohmann::ordered_json& json) { return From(json); }
nlohmann::json ToJson(const Value& value) { return To<nlohmann::json>(value); }
nlohmann::ordered_json ToOrderedJson(const Value& value) {
  return To<nlohmann::ordered_json>(value);
}

Result<void> SetJson(Builder& builder, const Path& path, const nlohmann::json& json) {
  XEBEC_ASSIGN_OR_RETURN(Object object, FromJson(nlohmann::json{{"value", json}}));
  builder.Set(path, object["value"]);
  return {};
}

}  // namespace xebec::object
