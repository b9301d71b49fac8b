#include "runtime/net/internal/address.h"

#include <gtest/gtest.h>

#include <string>

namespace xebec::runtime::net::internal {
namespace {

TEST(Address, HostAndPortAreSplit) {
  EXPECT_EQ(SplitHostPort("127.0.0.1:80")->host, "127.0.0.1");
  EXPECT_EQ(SplitHostPort("127.0.0.1:80")->port, 80);
  EXPECT_EQ(SplitHostPort("[::1]:8443")->host, "::1");
  EXPECT_EQ(SplitHostPort(":8080")->host, "");
  EXPECT_EQ(SplitHostPort("localhost:0")->port, 0);
}

TEST(Address, WhatIsNoAddressIsToldInOneLine) {
  for (const std::string text : {"", "localhost", "1.2.3.4:", "1.2.3.4:http", "1.2.3.4:70000",
                                 "1.2.3.4:-1", "::1:80", "[::1:80"}) {
    auto split = SplitHostPort(text);
    ASSERT_FALSE(split.ok()) << text;
    EXPECT_TRUE(IsInvalidInput(split.error()));
    EXPECT_NE(split.error().message.find("\"" + text + "\""), std::string::npos);
    EXPECT_NE(split.error().message.find("127.0.0.1:8080"), std::string::npos);
  }
}

}  // namespace
}  // namespace xebec::runtime::net::internal
