#include <api/widget.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "object/api/apiextensions/v1.h"
#include "runtime/testing.h"

namespace xebec {
namespace {

using api::widgets::v1alpha1::Widget;

static_assert(Widget::kGroup == "test.xebec.dev" &&
              Widget::kApiVersion == "test.xebec.dev/v1alpha1");
static_assert(Widget::kResource == "widgets" && Widget::kNamespaced);

XEBEC_TEST(Crd, GivesTypedViewsAndBuilders) {
  Widget::Builder b;
  b.SetName("w").SetNamespace("a");
  b.spec().SetReplicas(2).SetImage("img").SetOperator("x").SetMaxUnavailable("10%");
  b.spec().SetMemory("1Gi").SetSettings(object::Value());
  b.spec().template_().spec().AddContainers().SetName("c");
  b.status().AddConditions().SetType("Ready").SetStatus("True");
  Widget w = b.Build();
  EXPECT_EQ(w.object().gvk().ToString(), "test.xebec.dev/v1alpha1, Kind=Widget");
  EXPECT_EQ(w.spec().replicas(), 2);
  EXPECT_EQ(w.spec().operator_(), "x");
  EXPECT_EQ(w.spec().max_unavailable().ToString(), "10%");
  EXPECT_EQ(w.spec().memory().Value(), 1 << 30);
  EXPECT_EQ(w.spec().template_().spec().containers()[0].name(), "c");
  EXPECT_EQ(w.status().conditions()[0].type(), "Ready");
  EXPECT_EQ(object::KindOf<Widget>().kind, "Widget");
}

XEBEC_TEST(Crd, TheConstantIsACustomResourceDefinition) {
  Result<object::Object> parsed = object::Object::Parse(Widget::kCrd);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  api::apiextensions::v1::CustomResourceDefinition crd(*parsed);
  EXPECT_EQ(crd.name(), "widgets.test.xebec.dev");
  EXPECT_EQ(crd.spec().names().short_names()[1], "wdg");
  EXPECT_EQ(crd.spec().scope(), "Namespaced");
  auto version = crd.spec().versions()[0];
  EXPECT_EQ(version.name(), "v1alpha1");
  EXPECT_TRUE(version.served() && version.storage());
  EXPECT_FALSE(version.subresources().status().IsMissing());
  EXPECT_EQ(version.subresources().scale().spec_replicas_path(), ".spec.replicas");
  EXPECT_EQ(version.additional_printer_columns()[0].json_path(), ".spec.replicas");
  auto schema = version.schema().open_apiv3_schema();
  EXPECT_EQ(schema.required()[0], "spec");
  auto spec = schema.properties()["spec"];
  EXPECT_EQ(spec.required()[0], "image");
  auto replicas = spec.properties()["replicas"];
  EXPECT_EQ(replicas.type(), "integer");
  EXPECT_EQ(replicas.default_().AsInt(), 1);
  EXPECT_EQ(replicas.minimum(), 0);
  EXPECT_EQ(replicas.maximum(), 1000);
  EXPECT_EQ(spec.properties()["mode"].enum_()[1].AsString(), "Slow");
  EXPECT_TRUE(spec.properties()["maxUnavailable"].x_kubernetes_int_or_string());
  EXPECT_TRUE(spec.properties()["settings"].x_kubernetes_preserve_unknown_fields());
  EXPECT_TRUE(spec.properties()["operator"].nullable());
  auto pod_spec = spec.properties()["template"].properties()["spec"];
  EXPECT_EQ(pod_spec.properties()["containers"].type(), "array");
}

// A yaml-cpp node as JSON text, enough for a manifest.
void AppendJson(const YAML::Node& node, std::string* out) {
  if (node.IsMap()) {
    *out += '{';
    for (auto it = node.begin(); it != node.end(); ++it) {
      if (it != node.begin()) *out += ',';
      *out += '"' + it->first.as<std::string>() + "\":";
      AppendJson(it->second, out);
    }
    *out += '}';
  } else if (node.IsSequence()) {
    *out += '[';
    for (size_t i = 0; i < node.size(); ++i) {
      if (i > 0) *out += ',';
      AppendJson(node[i], out);
    }
    *out += ']';
  } else if (node.Tag() == "!") {  // quoted
    *out += '"' + node.Scalar() + '"';
  } else {
    *out += node.Scalar();
  }
}

XEBEC_TEST(Crd, TheManifestSaysTheSameInYaml) {
  std::string json;
  AppendJson(YAML::LoadFile(XEBEC_WIDGET_CRD), &json);
  Result<object::Object> manifest = object::Object::Parse(json);
  ASSERT_TRUE(manifest.ok()) << manifest.error().message;
  EXPECT_EQ(*manifest, *object::Object::Parse(Widget::kCrd));
}

// Runs the generator on a schema; returns what it says.
std::string Generate(const std::string& schema) {
  std::filesystem::path dir =
      std::filesystem::temp_directory_path() / ("xebec-crd-test-" + std::to_string(getpid()));
  std::filesystem::create_directories(dir);
  std::ofstream(dir / "bad.yaml") << schema;
  std::string command = std::string(XEBEC_PYTHON) + " -B " + XEBEC_SOURCE_DIR +
                        "/object/gen/xebec_api_gen.py header --schema " +
                        (dir / "bad.yaml").string() + " --out " + (dir / "bad.h").string() +
                        " --crd-out " + (dir / "bad.crd.yaml").string() + " 2>&1";
  std::string said;
  FILE* pipe = popen(command.c_str(), "r");
  char buffer[256];
  while (pipe != nullptr && fgets(buffer, sizeof buffer, pipe) != nullptr) said += buffer;
  int status = pipe == nullptr ? -1 : pclose(pipe);
  std::filesystem::remove_all(dir);
  return (status == 0 ? "ok" : "failed: ") + said;
}

TEST(CrdGenerator, NamesTheLineOfABadSchema) {
  const std::string head =
      "group: a.dev\nversion: v1\nkinds:\n  A:\n    plural: as\n    scope: Cluster\n";
  const std::pair<std::string, const char*> kBad[] = {
      {"version: v1\n", "bad.yaml: 'group:' is missing"},
      {"group: a\nversion v1\n", "bad.yaml:2: expected 'name: value'"},
      {head + "    fields:\n      spec: Nope\n", "bad.yaml: A: field spec: no type 'Nope'"},
      {head + "    fields:\n      spec: int32 wat\n",
       "bad.yaml: A: field spec: unknown word 'wat'"},
      {head + "    fields:\n      spec: int32 default=x\n", "field spec: 'x' is no int32"},
      {head + "    fields:\n      spec: other.v1.T\n", "no package 'other.v1'"},
      {"group: a\nversion: v1\nkinds:\n  A:\n    scope: Cluster\n", "kind A has no plural"},
      {"group: a\nversion: v1\ngroup: b\n", "bad.yaml:3: 'group' stands twice"},
      {"group: a\n\tversion: v1\n", "bad.yaml:2: indent with spaces, not tabs"},
      {"group: a\nversion: v1\nkinds:\n  A:\n    plural: as\n    scope: Sometimes\n",
       "scope is 'Sometimes', not Namespaced or Cluster"},
  };
  for (const auto& [schema, message] : kBad) {
    std::string said = Generate(schema);
    EXPECT_TRUE(said.starts_with("failed: xebec_api_gen: ")) << said;
    EXPECT_NE(said.find(message), std::string::npos) << said;
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  }
  EXPECT_EQ(Generate(head), "ok");
}

}  // namespace
}  // namespace xebec
