// Parses mutations of real documents and checks what comes out: object_parse_fuzz [SECONDS [SEED]].
// A finding prints its seed and its input. The run is bounded, so that it is a test as well.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "object/internal/json_check.h"
#include "object/list.h"
#include "object/object.h"
#include "object/patch.h"
#include "object/protobuf.h"
#include "pod_json.h"
#include "runtime/context.h"
#include "runtime/main.h"
#include "runtime/rand.h"

namespace xebec::object {
namespace {

std::string Mutate(std::string text, runtime::Rand& rand) {
  static constexpr std::string_view kPieces[] = {"{",
                                                 "}",
                                                 "[",
                                                 "]",
                                                 "\"",
                                                 "\\",
                                                 ",",
                                                 ":",
                                                 "\\u",
                                                 "\\ud800",
                                                 "0",
                                                 "-",
                                                 "1e999",
                                                 "1.5",
                                                 "true",
                                                 "null",
                                                 " ",
                                                 "\xff",
                                                 "\xc3\xa4",
                                                 "{}",
                                                 "[]",
                                                 "\"\"",
                                                 "\"a\":",
                                                 "\"a\":1",
                                                 "[[[[[",
                                                 "{\"a\":",
                                                 "\n",
                                                 "\x01",
                                                 "12345678901234567890123"};
  for (uint64_t n = rand.Below(4) + 1; n > 0; --n) {
    size_t at = text.empty() ? 0 : rand.Below(text.size());
    switch (rand.Below(6)) {
      case 0:
        text.erase(at, rand.Below(20) + 1);
        break;
      case 1:
        text.insert(at, kPieces[rand.Below(std::size(kPieces))]);
        break;
      case 2:
        if (!text.empty()) text[at] = static_cast<char>(rand.Below(256));
        break;
      case 3:
        text.resize(at);
        break;
      case 4:
        text.insert(at, text.substr(rand.Below(text.size() + 1), rand.Below(60)));
        break;
      default:
        if (!text.empty()) text[at] = static_cast<char>(text[at] ^ (1 << rand.Below(8)));
    }
  }
  return text;
}

// What is wrong with how `text` was taken; "" if nothing is.
std::string Check(const std::string& text) {
  Result<Object> object = Object::Parse(text);
  if (!object.ok()) {
    if (!IsInvalidInput(object.error())) return "another error than InvalidInput";
    if (object.error().message.find("offset") == std::string::npos)
      return "an error without offset";
    static_cast<void>(ParseList(text, {}));
    static_cast<void>(ParseWatchEvent(text));
    return "";
  }
  if (internal::FindJsonFault(text, kMaxDepth)) return "the slow reader refuses what was accepted";
  std::string printed = object->Json();
  Result<Object> again = Object::Parse(printed);
  if (!again.ok()) return "what was printed does not parse: " + again.error().message;
  if (!(*again == *object)) return "parsing what was printed gives another object";
  if (again->Json() != printed) return "printing is not stable";
  Result<List<Object>> list = ParseList("{\"items\":[" + text + "]}", {});
  if (!list.ok()) return "it does not parse as an item: " + list.error().message;
  if (!((*list)[0] == *object)) return "as an item of a list it is another object";
  Result<Object> merged = ApplyPatch(*object, PatchType::kMerge, "{}");
  if (!merged.ok() || !(*merged == *object)) return "an empty merge patch changes it";
  return "";
}

int Run(int seconds, uint64_t seed) {
  const std::vector<std::string> seeds = {
      PodJson(1, 2), "{\"items\":" + std::string("[") + PodJson(3, 4) + "],\"kind\":\"PodList\"}",
      R"({"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"x"}}})",
      R"({"a":[1,-2.5e3,true,null,{"b":"\u00e4\ud83d\ude00\n"}],"c":18446744073709551615})",
      R"({})"};
  runtime::Rand rand(seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  uint64_t runs = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs) {
    std::string text = Mutate(seeds[rand.Below(seeds.size())], rand);
    std::string wrong = Check(text);
    static_cast<void>(DecodeProtobuf(std::string("k8s\0", 4) + text));
    if (!wrong.empty()) {
      fmt::print("object_parse_fuzz: seed {}, run {}: {}\ninput: {}\n", seed, runs, wrong, text);
      return 1;
    }
  }
  fmt::print("object_parse_fuzz: {} inputs, seed {}, nothing found\n", runs, seed);
  return 0;
}

}  // namespace
}  // namespace xebec::object

int main(int argc, char** argv) {
  int seconds = argc > 1 ? std::atoi(argv[1]) : 5;
  uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  return xebec::runtime::Main(argc, argv,
                              [=](xebec::Context) { return xebec::object::Run(seconds, seed); });
}
