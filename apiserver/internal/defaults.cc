#include <nlohmann/json.hpp>

#include "apiserver/internal/item.h"
#include "apiserver/internal/validation.h"
#include "object/base64.h"

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

void Default(Json& object, const char* key, Json value) {
  if (!object.contains(key)) object[key] = std::move(value);
}

void DefaultPodSpec(Json& spec) {
  if (!spec.is_object()) return;
  Default(spec, "restartPolicy", "Always");
  Default(spec, "terminationGracePeriodSeconds", 30);
  Default(spec, "dnsPolicy", "ClusterFirst");
  Default(spec, "schedulerName", "default-scheduler");
  if (auto it = spec.find("containers"); it != spec.end() && it->is_array()) {
    for (Json& container : *it) {
      if (!container.is_object()) continue;
      const std::string image = StringField(container, "image");
      const size_t colon = image.rfind(':');
      const bool latest = colon == std::string::npos ||
                          image.find('/', colon) != std::string::npos ||
                          image.substr(colon) == ":latest";
      Default(container, "imagePullPolicy", latest ? "Always" : "IfNotPresent");
    }
  }
}

}  // namespace

void ApplyDefaults(const Resource& resource, Json& object) {
  if (resource.custom) return;
  const std::string& plural = resource.plural;
  if (plural == "pods") {
    if (auto spec = object.find("spec"); spec != object.end()) DefaultPodSpec(*spec);
  } else if (plural == "namespaces") {
    Json& metadata = object["metadata"];
    metadata["labels"]["kubernetes.io/metadata.name"] = metadata.value("name", "");
    if (!object.contains("spec") || !object["spec"].is_object()) object["spec"] = Json::object();
    Default(object["spec"], "finalizers", Json::array({"kubernetes"}));
  } else if (plural == "secrets") {
    Default(object, "type", "Opaque");
    if (auto text = object.find("stringData"); text != object.end() && text->is_object()) {
      for (const auto& [key, value] : text->items()) {
        if (value.is_string())
          object["data"][key] = object::EncodeBase64(value.get_ref<const std::string&>());
      }
      object.erase("stringData");
    }
  } else if (plural == "services") {
    if (auto spec = object.find("spec"); spec != object.end() && spec->is_object()) {
      Default(*spec, "type", "ClusterIP");
      Default(*spec, "sessionAffinity", "None");
    }
  } else if (resource.group == "apps" || plural == "jobs") {
    auto spec = object.find("spec");
    if (spec == object.end() || !spec->is_object()) return;
    if (resource.group == "apps" && plural != "daemonsets") Default(*spec, "replicas", 1);
    auto pod = spec->find("template");
    if (pod == spec->end() || !pod->is_object() || !pod->contains("spec")) return;
    if (plural == "jobs") Default((*pod)["spec"], "restartPolicy", "Never");
    DefaultPodSpec((*pod)["spec"]);
  }
}

}  // namespace xebec::apiserver
