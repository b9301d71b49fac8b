#include <gtest/gtest.h>

#include "runtime/net/http.h"
#include "runtime/net/internal/body_decoder.h"
#include "runtime/net/internal/text.h"

namespace xebec::runtime::http {
namespace {

TEST(HttpHeaders, NamesCompareWithoutCaseAndKeepTheirOrder) {
  Headers headers{{"Content-Type", "a"}, {"X-One", "1"}};
  headers.Add("x-one", "2");
  EXPECT_EQ(headers.Get("content-TYPE"), "a");
  EXPECT_EQ(headers.Get("X-ONE"), "1");
  EXPECT_EQ(headers.size(), 3u);
  headers.Set("X-one", "3");
  EXPECT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers.Get("x-one"), "3");
  headers.Remove("CONTENT-TYPE");
  EXPECT_FALSE(headers.Has("Content-Type"));
  EXPECT_EQ(headers.Get("absent"), "");
}

TEST(HttpQuery, ValuesAreDecoded) {
  Request request;
  request.query = "watch=true&labelSelector=app%3Dweb%2Ctier%20in+%28a%29&empty=&flag&bad=%zz";
  EXPECT_EQ(request.Query("watch"), "true");
  EXPECT_EQ(request.Query("labelSelector"), "app=web,tier in (a)");
  EXPECT_TRUE(request.HasQuery("empty"));
  EXPECT_TRUE(request.HasQuery("flag"));
  EXPECT_EQ(request.Query("flag"), "");
  EXPECT_EQ(request.Query("bad"), "%zz");
  EXPECT_FALSE(request.HasQuery("absent"));
}

TEST(HttpQuery, WhatIsAddedIsFoundAgain) {
  Request request;
  AddQuery(request.query, "a b", "x&y=z");
  AddQuery(request.query, "utf8", "ü");
  EXPECT_EQ(request.query, "a%20b=x%26y%3Dz&utf8=%C3%BC");
  EXPECT_EQ(request.Query("a b"), "x&y=z");
  EXPECT_EQ(request.Query("utf8"), "ü");
}

TEST(HttpFraming, AmbiguousLengthsAreRefused) {
  using internal::BodyFraming;
  using internal::FramingOf;
  EXPECT_EQ(FramingOf(Headers{})->kind, BodyFraming::kNone);
  EXPECT_EQ(FramingOf(Headers{{"Content-Length", "12"}})->length, 12u);
  EXPECT_EQ(FramingOf(Headers{{"Content-Length", "12"}, {"content-length", "12"}})->length, 12u);
  EXPECT_EQ(FramingOf(Headers{{"Transfer-Encoding", "Chunked"}})->kind, BodyFraming::kChunked);
  for (const Headers& bad :
       {Headers{{"Content-Length", "12"}, {"Content-Length", "13"}},
        Headers{{"Content-Length", "12"}, {"Transfer-Encoding", "chunked"}},
        Headers{{"Content-Length", "-1"}}, Headers{{"Content-Length", "1 2"}},
        Headers{{"Content-Length", "99999999999999999999999"}}, Headers{{"Content-Length", ""}},
        Headers{{"Transfer-Encoding", "gzip, chunked"}},
        Headers{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}}) {
    EXPECT_FALSE(FramingOf(bad).ok());
  }
}

TEST(HttpText, TokensAndListsFollowTheRfc) {
  EXPECT_TRUE(internal::HasToken("keep-alive, Close", "close"));
  EXPECT_FALSE(internal::HasToken("closed", "close"));
  EXPECT_TRUE(internal::IsToken("X-Custom_1"));
  EXPECT_FALSE(internal::IsToken("a b"));
  EXPECT_FALSE(internal::IsToken(""));
  EXPECT_FALSE(internal::IsFieldValue("a\r\nb: c"));
  EXPECT_EQ(internal::EscapePath("/a b/ü:x%"), "/a%20b/%C3%BC:x%25");
}

}  // namespace
}  // namespace xebec::runtime::http
