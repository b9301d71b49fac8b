// How fast pods come from the wire, and how large they are: object_parse_bench [pods [rounds]].
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "object/list.h"
#include "object/object.h"
#include "pod_json.h"
#include "runtime/context.h"
#include "runtime/main.h"

namespace {

using Clock = std::chrono::steady_clock;
double Seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

int Run(int pods, int rounds) {
  using namespace xebec;
  std::vector<std::string> texts;
  size_t json_bytes = 0, object_bytes = 0;
  std::string list = R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[)";
  for (int i = 0; i < pods; ++i) {
    texts.push_back(object::PodJson(i, 1'000'000 + i));
    json_bytes += texts.back().size();
    list += (i ? "," : "") + texts.back();
  }
  list += "]}";
  std::vector<double> parse, walk, print, lookup;
  std::vector<object::Object> objects(texts.size());
  for (int r = 0; r < rounds; ++r) {
    auto start = Clock::now();
    for (size_t i = 0; i < texts.size(); ++i) objects[i] = *object::Object::Parse(texts[i]);
    parse.push_back(pods / Seconds(start));
    start = Clock::now();
    auto parsed = object::ParseList(list, {"", "v1", "Pod"});
    walk.push_back(pods / Seconds(start));
    if (!parsed.ok()) return fmt::print("{}\n", parsed.error().message), 1;
    start = Clock::now();
    size_t printed = 0;
    for (const auto& o : objects) printed += o.Json().size();
    print.push_back(pods / Seconds(start));
    if (printed != json_bytes)
      return fmt::print("printed {} of {} bytes\n", printed, json_bytes), 1;
    start = Clock::now();
    size_t found = 0;
    for (const auto& o : objects) {
      found += o["spec"]["containers"][1]["image"].AsString().size() > 0;
      found += o["metadata"]["labels"]["app.kubernetes.io/name"].AsString().size() > 0;
      found += o["status"]["phase"].AsString() == "Running";
    }
    lookup.push_back(Seconds(start) / (3.0 * pods) * 1e9);
    if (found != objects.size() * 3) return 1;
  }
  for (const auto& o : objects) object_bytes += o.SizeBytes();
  auto spread = [](std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return fmt::format("{:.0f} (min {:.0f}, max {:.0f})", v[v.size() / 2], v.front(), v.back());
  };
  fmt::print("pods {} of {} bytes, {} rounds; median (min, max)\n", pods, json_bytes / texts.size(),
             rounds);
  fmt::print("parse, one at a time   {} pods/s\n", spread(parse));
  fmt::print("parse, as one list     {} pods/s\n", spread(walk));
  fmt::print("print                  {} pods/s\n", spread(print));
  fmt::print("path of 2 to 4 fields  {} ns\n", spread(lookup));
  fmt::print("object                 {} bytes\n", object_bytes / objects.size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  int pods = argc > 1 ? std::atoi(argv[1]) : 5000;
  int rounds = argc > 2 ? std::atoi(argv[2]) : 7;
  return xebec::runtime::Main(argc, argv, [=](xebec::Context) { return Run(pods, rounds); });
}
