#include "object/json.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "object/internal/access.h"
#include "object/internal/tape_writer.h"

namespace xebec::object {

namespace {

using internal::TapeWriter;

// Writes a scalar; false and why where JSON has no form for it.
template <class Json>
[[gnu::noinline]] bool WriteScalar(const Json& json, TapeWriter* out, const char** wrong) {
  switch (json.type()) {
    case Json::value_t::null:
      out->Null();
      return true;
    case Json::value_t::boolean:
      out->Bool(json.template get<bool>());
      return true;
    case Json::value_t::number_integer:
      out->Int(json.template get<int64_t>());
      return true;
    case Json::value_t::number_unsigned:
      out->Uint(json.template get<uint64_t>());
      return true;
    case Json::value_t::number_float:
      *wrong = "JSON has no NaN and no infinity";
      if (!std::isfinite(json.template get<double>())) return false;
      out->Double(json.template get<double>());
      return true;
    case Json::value_t::string:
      out->Text(json.template get_ref<const std::string&>());
      return true;
    default:
      *wrong = "binary data has no form in JSON";
      return false;
  }
}

// Writes a json to a tape. Its frames are kept small: it recurses up to kMaxDepth on a fiber.
template <class Json>
bool Write(const Json& json, TapeWriter* out, const char** wrong) {
  if (!json.is_structured()) return WriteScalar(json, out, wrong);
  if (out->depth() >= static_cast<size_t>(kMaxDepth)) {
    *wrong = "JSON nested deeper than 200 levels";
    return false;
  }
  if (json.is_array()) {
    out->BeginArray();
    for (const Json& element : *json.template get_ptr<const typename Json::array_t*>()) {
      if (!Write(element, out, wrong)) return false;
    }
    out->EndArray();
    return true;
  }
  out->BeginObject();
  for (const auto& field : *json.template get_ptr<const typename Json::object_t*>()) {
    out->MendedKey(field.first);
    if (!Write(field.second, out, wrong)) return false;
  }
  *wrong = "a key stands twice in one object";
  return out->EndObject();
}
static_assert(kMaxDepth == 200, "the message above names it");

template <class Json>
Result<Object> From(const Json& json) {
  if (!json.is_object()) {
    return Error::InvalidInput(fmt::format("expected a JSON object, got {}", json.type_name()));
  }
  TapeWriter writer;
  const char* wrong = "";
  if (!Write(json, &writer, &wrong)) return Error::InvalidInput(wrong);
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
