#include "object/protobuf.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "runtime/testing.h"

namespace xebec::object {
namespace {

// Made by k8s.io/apimachinery's protobuf serializer (v0.36.3): a kind, the bytes in hex, and what
// encoding/json makes of the same object.
struct Fixture {
  std::string kind, bytes, json;
};

std::vector<Fixture> Fixtures() {
  std::ifstream file(XEBEC_SOURCE_DIR "/tests/object/protobuf_fixtures.txt");
  std::vector<Fixture> fixtures;
  Fixture f;
  std::string hex;
  while (std::getline(file, f.kind) && std::getline(file, hex) && std::getline(file, f.json)) {
    f.bytes.clear();
    for (size_t i = 0; i + 1 < hex.size(); i += 2) {
      f.bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    fixtures.push_back(f);
  }
  return fixtures;
}

XEBEC_TEST(Protobuf, DecodesWhatGoEncodes) {
  std::vector<Fixture> fixtures = Fixtures();
  ASSERT_EQ(fixtures.size(), 6u);
  for (const Fixture& f : fixtures) {
    EXPECT_TRUE(IsProtobuf(f.bytes));
    Result<Object> decoded = DecodeProtobuf(f.bytes);
    ASSERT_TRUE(decoded.ok()) << f.kind << ": " << decoded.error().message;
    Result<Object> want = Object::Parse(f.json);
    ASSERT_TRUE(want.ok());
    EXPECT_EQ(*decoded, *want) << "decoded: " << decoded->Json() << "\nwant:    " << f.json;
    EXPECT_EQ(decoded->kind(), f.kind);
  }
}

XEBEC_TEST(Protobuf, CutOrChangedBytesAreAnErrorAndNoCrash) {
  for (const Fixture& f : Fixtures()) {
    size_t refused = 0;
    for (size_t cut = 0; cut < f.bytes.size(); ++cut) {
      refused += !DecodeProtobuf(std::string_view(f.bytes).substr(0, cut)).ok();
    }
    EXPECT_GT(refused, f.bytes.size() * 9 / 10) << f.kind;
    for (size_t i = 0; i < f.bytes.size(); ++i) {
      for (char flip : {'\x01', '\x80', '\xff'}) {
        std::string changed = f.bytes;
        changed[i] = static_cast<char>(changed[i] ^ flip);
        Result<Object> result = DecodeProtobuf(changed);
        if (result.ok()) {
          EXPECT_TRUE(Object::Parse(result->Json()).ok());
        }
      }
    }
  }
}

XEBEC_TEST(Protobuf, RefusesOtherBodiesAndUnknownKinds) {
  EXPECT_FALSE(IsProtobuf("{\"kind\":\"Pod\"}"));
  EXPECT_FALSE(IsProtobuf("k8s"));
  EXPECT_TRUE(IsInvalidInput(DecodeProtobuf("{}").error()));
  const std::string unknown(
      "k8s\0\x0a\x0f\x0a\x02v1\x12\x09"
      "Something",
      21);
  Result<Object> result = DecodeProtobuf(unknown);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, 415);
  EXPECT_EQ(result.error().message,
            "protobuf of v1 Something is not supported: send application/json");
}

}  // namespace
}  // namespace xebec::object
