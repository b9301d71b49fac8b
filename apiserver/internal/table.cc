// Tables: what kubectl get shows. NAME, the resource's own columns, AGE.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apiserver/internal/render.h"
#include "object/json_path.h"
#include "object/object.h"
#include "object/time.h"
#include "runtime/sched/time.h"

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;
constexpr int64_t kSecond = 1'000'000'000;

std::string Age(const std::string& since) {
  const Result<object::Time> time = object::Time::Parse(since);
  if (!time) return "<unknown>";
  return HumanDuration((runtime::WallNanos() - time->ToNanos()) / kSecond);
}

// The cell of a custom column: dates as ages, numbers and booleans as such, the rest as text.
Json Cell(const Column& column, const object::Value& root) {
  const Result<object::JsonPath> path = object::JsonPath::Parse(column.json_path);
  if (!path) return nullptr;
  const object::Value value = path->First(root);
  if (value.IsMissing()) return nullptr;
  if (column.type == "integer" && value.IsInt()) return value.AsInt();
  if (column.type == "boolean" && value.IsBool()) return value.AsBool();
  if (column.type == "date") return Age(std::string(value.AsString()));
  return path->Text(root);
}

// A definition that names columns names its age itself, if it wants one.
bool HasAge(const Resource& resource) { return !resource.custom || resource.columns.empty(); }

}  // namespace

std::string HumanDuration(int64_t seconds) {
  constexpr int64_t kMinute = 60, kHour = 3600, kDay = 24 * kHour, kYear = 365 * kDay;
  auto pair = [](int64_t whole, const char* unit, int64_t rest, const char* small) {
    return rest == 0 ? fmt::format("{}{}", whole, unit)
                     : fmt::format("{}{}{}{}", whole, unit, rest, small);
  };
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * kMinute) return fmt::format("{}s", seconds);
  if (seconds < 10 * kMinute) return pair(seconds / kMinute, "m", seconds % kMinute, "s");
  if (seconds < 3 * kHour) return fmt::format("{}m", seconds / kMinute);
  if (seconds < 8 * kHour) return pair(seconds / kHour, "h", seconds % kHour / kMinute, "m");
  if (seconds < 2 * kDay) return fmt::format("{}h", seconds / kHour);
  if (seconds < 8 * kDay) return pair(seconds / kDay, "d", seconds % kDay / kHour, "h");
  if (seconds < 2 * kYear) return fmt::format("{}d", seconds / kDay);
  if (seconds < 8 * kYear) return pair(seconds / kYear, "y", seconds % kYear / kDay, "d");
  return fmt::format("{}y", seconds / kYear);
}

std::string Renderer::TableHead(std::string_view metadata, bool columns) const {
  Json definitions = Json::array();
  auto add = [&](const std::string& name, const std::string& type, const std::string& format,
                 const std::string& description, int priority) {
    definitions.push_back({{"name", name},
                           {"type", type},
                           {"format", format},
                           {"description", description},
                           {"priority", priority}});
  };
  if (columns) {
    add("Name", "string", "name", "The object's name, unique within its namespace.", 0);
    for (const Column& column : resource_->columns) {
      // Ages are computed here, so dates travel as strings.
      add(column.name, column.type == "date" ? "string" : column.type, column.format,
          column.description, column.priority);
    }
    if (HasAge(*resource_)) {
      add("Age", "string", "", "How long ago the object was created.", 0);
    }
  }
  return fmt::format(
      R"({{"kind":"Table","apiVersion":"meta.k8s.io/{}","metadata":{},"columnDefinitions":{},"rows":[)",
      accepted_.version, metadata, columns ? definitions.dump() : "null");
}

void Renderer::AppendRow(std::string& out, const Item& item) const {
  Json cells = Json::array({item.name});
  if (!resource_->columns.empty()) {
    const Result<object::Object> object = object::Object::Parse(item.bytes);
    for (const Column& column : resource_->columns) {
      cells.push_back(object ? Cell(column, object->root()) : Json());
    }
  }
  if (HasAge(*resource_)) cells.push_back(Age(item.created));
  out += R"({"cells":)";
  out += cells.dump();
  if (include_object_ != "None") {
    out += R"(,"object":)";
    if (include_object_ == "Object") {
      AppendObject(out, item, true);
    } else {
      AppendPartial(out, item);
    }
  }
  out += '}';
}

}  // namespace xebec::apiserver
