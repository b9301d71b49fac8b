#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/context.h"
#include "runtime/net/http.h"
#include "runtime/net/transport.h"
#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/select.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/runtime/net/http_rig.h"

namespace xebec::runtime::http {
namespace {

using namespace std::chrono_literals;
using testing::Rig;

std::string ReadLine(BodyReader& body) {
  std::string line;
  char byte;
  for (;;) {
    auto n = body.Read({&byte, 1});
    if (!n.ok()) return "error: " + n.error().message;
    if (*n == 0) return line.empty() ? "end" : line;
    if (byte == '\n') return line;
    line += byte;
  }
}

XEBEC_HTTP_TEST(HttpServer, HandleFuncAnswersItsPath) {
  Rig rig(over);
  rig.server.HandleFunc("/healthz", [](Request&, ResponseWriter& w) { (void)w.Write("ok"); });
  rig.Start();
  auto response = rig.Get("/healthz");
  ASSERT_TRUE(response.ok()) << response.error().ToString();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "ok");
  EXPECT_EQ(response->headers.Get("Content-Length"), "2");
  EXPECT_FALSE(response->headers.Has("Keep-Alive"));
  EXPECT_EQ(rig.Get("/healthz/")->status, 404);
  EXPECT_EQ(rig.Get("/")->status, 404);
}

XEBEC_HTTP_TEST(HttpServer, TheLongestPatternWins) {
  Rig rig(over);
  const auto answer = [](std::string name) {
    return [name](Request&, ResponseWriter& w) { (void)w.Write(name); };
  };
  rig.server.HandleFunc("/a/", answer("a"));
  rig.server.HandleFunc("/a/b/", answer("ab"));
  rig.server.HandleFunc("/a/b", answer("exact"));
  rig.server.SetHandler(answer("rest"));
  rig.Start();
  EXPECT_EQ(rig.Get("/a/")->body, "a");
  EXPECT_EQ(rig.Get("/a/x")->body, "a");
  EXPECT_EQ(rig.Get("/a/b")->body, "exact");
  EXPECT_EQ(rig.Get("/a/b/c/d")->body, "ab");
  EXPECT_EQ(rig.Get("/a")->body, "rest");
  EXPECT_EQ(rig.Get("/b")->body, "rest");
}

XEBEC_HTTP_TEST(HttpServer, HandlersSeeTheWholeRequest) {
  Rig rig(over);
  Request seen;
  rig.server.SetHandler([&](Request& request, ResponseWriter& w) {
    seen = request;
    w.headers().Set("X-Answer", "42");
    w.headers().Set("Content-Type", "application/json");
    w.WriteHeader(201);
    (void)w.Write(R"({"a":)");
    (void)w.Write("1}");
  });
  rig.Start();
  Request request;
  request.method = "PATCH";
  request.path = "/api/v1/pods/a b";
  AddQuery(request.query, "fieldManager", "me & you");
  request.headers.Set("Content-Type", "application/merge-patch+json");
  request.headers.Set("Authorization", "Bearer secret");
  request.body = std::string(100'000, 'x');
  auto response = rig.transport->RoundTrip({}, request);
  ASSERT_TRUE(response.ok()) << response.error().ToString();
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, R"({"a":1})");
  EXPECT_EQ(response->headers.Get("x-answer"), "42");
  EXPECT_EQ(response->headers.Get("content-type"), "application/json");
  EXPECT_EQ(seen.method, "PATCH");
  EXPECT_EQ(seen.path, "/api/v1/pods/a b");
  EXPECT_EQ(seen.Query("fieldManager"), "me & you");
  EXPECT_EQ(seen.headers.Get("content-type"), "application/merge-patch+json");
  EXPECT_EQ(seen.headers.Get("authorization"), "Bearer secret");
  EXPECT_FALSE(seen.headers.Has("REMOTE_ADDR"));
  EXPECT_EQ(seen.body.size(), 100'000u);
}

XEBEC_HTTP_TEST(HttpServer, ConnectionsAreKeptAlive) {
  Rig rig(over);
  rig.server.SetHandler([](Request& r, ResponseWriter& w) { (void)w.Write(r.path); });
  rig.Start();
  for (int i = 0; i < 20; ++i) {
    const std::string path = "/" + std::to_string(i);
    auto response = rig.Get(path);
    ASSERT_TRUE(response.ok()) << response.error().ToString();
    EXPECT_EQ(response->body, path);
  }
  EXPECT_EQ(rig.dialer->count(), 1);
  EXPECT_EQ(rig.server.connections(), 1u);
}

XEBEC_HTTP_TEST(HttpServer, WhatIsFlushedArrivesWhileTheHandlerRuns) {
  Rig rig(over);
  Chan<std::string> events;
  rig.server.HandleFunc("/watch", [&](Request&, ResponseWriter& w) {
    ASSERT_TRUE(w.Flush().ok());
    for (const std::string& event : events) {
      ASSERT_TRUE(w.Write(event + "\n").ok());
      ASSERT_TRUE(w.Flush().ok());
    }
  });
  rig.Start();
  Request request;
  request.path = "/watch";
  auto stream = rig.transport->Stream({}, request);
  ASSERT_TRUE(stream.ok()) << stream.error().ToString();
  EXPECT_EQ(stream->status, 200);
  EXPECT_EQ(stream->headers.Get("Transfer-Encoding"), "chunked");
  for (const std::string event : {"one", "two", "three"}) {
    events.Send(event);
    EXPECT_EQ(ReadLine(*stream->body), event);
  }
  events.Close();
  EXPECT_EQ(ReadLine(*stream->body), "end");
  EXPECT_EQ(rig.Get("/absent")->status, 404);  // the server goes on
}

XEBEC_HTTP_TEST(HttpServer, LargeAnswersAreStreamedWhole) {
  Rig rig(over);
  const std::string piece(10'000, 'p');
  rig.server.SetHandler([&](Request& request, ResponseWriter& w) {
    if (request.path == "/length") w.headers().Set("Content-Length", "2000000");
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(w.Write(piece).ok());
  });
  rig.Start();
  auto chunked = rig.Get("/chunked");
  ASSERT_TRUE(chunked.ok()) << chunked.error().ToString();
  EXPECT_EQ(chunked->body.size(), 2'000'000u);
  EXPECT_TRUE(chunked->headers.Has("Transfer-Encoding"));
  auto length = rig.Get("/length");
  ASSERT_TRUE(length.ok()) << length.error().ToString();
  EXPECT_EQ(length->body.size(), 2'000'000u);
  EXPECT_FALSE(length->headers.Has("Transfer-Encoding"));
  EXPECT_EQ(rig.dialer->count(), 1);  // both left the connection usable
}

XEBEC_HTTP_TEST(HttpServer, HeadAndNoContentHaveNoBody) {
  Rig rig(over);
  rig.server.HandleFunc("/none", [](Request&, ResponseWriter& w) { w.WriteHeader(204); });
  rig.server.HandleFunc("/some", [](Request&, ResponseWriter& w) { (void)w.Write("12345"); });
  rig.server.HandleFunc("/flushed", [](Request&, ResponseWriter& w) {
    (void)w.Write("12345");
    (void)w.Flush();
  });
  rig.Start();
  auto none = rig.Get("/none");
  EXPECT_EQ(none->status, 204);
  EXPECT_FALSE(none->headers.Has("Content-Length"));
  Request head;
  head.method = "HEAD";
  head.path = "/some";
  auto some = rig.transport->RoundTrip({}, head);
  EXPECT_EQ(some->status, 200);
  EXPECT_EQ(some->headers.Get("Content-Length"), "5");
  EXPECT_EQ(some->body, "");
  head.path = "/flushed";
  EXPECT_EQ(rig.transport->RoundTrip({}, head)->body, "");
  EXPECT_EQ(rig.Get("/some")->body, "12345");
  EXPECT_EQ(rig.dialer->count(), 1);
}

XEBEC_HTTP_TEST(HttpServer, AFailingHandlerIsA500WithoutItsText) {
  Rig rig(over);
  rig.server.HandleFunc("/panic",
                        [](Request&, ResponseWriter&) { ThrowPanic("secret in a panic"); });
  rig.server.HandleFunc("/throw", [](Request&, ResponseWriter& w) {
    (void)w.Write("half an answer");
    throw std::runtime_error("secret in an exception");
  });
  rig.Start();
  for (const std::string path : {"/panic", "/throw"}) {
    auto response = rig.Get(path);
    ASSERT_TRUE(response.ok()) << response.error().ToString();
    EXPECT_EQ(response->status, 500);
    EXPECT_EQ(response->body, "internal server error\n");
    for (const auto& [name, value] : response->headers) {
      EXPECT_EQ(value.find("secret"), std::string::npos) << name;
    }
  }
}

XEBEC_HTTP_TEST(HttpServer, AHandlerThatFailsWhileStreamingCutsTheConnection) {
  Rig rig(over);
  rig.server.SetHandler([](Request&, ResponseWriter& w) {
    (void)w.Write("begun\n");
    (void)w.Flush();
    throw std::runtime_error("later");
  });
  rig.Start();
  auto stream = rig.transport->Stream({}, {});
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(ReadLine(*stream->body), "begun");
  EXPECT_TRUE(ReadLine(*stream->body).starts_with("error: "));
  EXPECT_TRUE(IsUnreachable(rig.Get("/").error()));
}

XEBEC_HTTP_TEST(HttpServer, TheRequestsContextEndsWhenTheClientGoes) {
  Rig rig(over);
  Chan<std::string> ended(2);
  rig.server.HandleFunc("/watch", [&](Request& request, ResponseWriter& w) {
    (void)w.Flush();
    request.ctx.Done().Receive();
    ended.Send(request.ctx.Cause()->message);
  });
  rig.server.HandleFunc("/slow", [&](Request& request, ResponseWriter&) {
    request.ctx.Done().Receive();
    ended.Send(request.ctx.Cause()->message);
  });
  rig.Start();
  Request request;
  request.path = "/watch";
  auto stream = rig.transport->Stream({}, request);
  ASSERT_TRUE(stream.ok());
  stream->body.reset();
  EXPECT_EQ(ended.Receive(), "the client has closed the connection");
  // One that has sent nothing yet is watched, too.
  auto [ctx, cancel] = Context::WithTimeout(Context::Background(), 300ms);
  EXPECT_TRUE(IsDeadlineExceeded(rig.Get("/slow", ctx).error()));
  EXPECT_EQ(ended.Receive(), "the client has closed the connection");
}

XEBEC_HTTP_TEST(HttpServer, ShutdownLetsRunningRequestsAnswer) {
  Rig rig(over);
  Chan<Unit> running;
  Chan<Unit> proceed;
  rig.server.HandleFunc("/slow", [&](Request&, ResponseWriter& w) {
    running.Send({});
    proceed.Receive();
    (void)w.Write("done");
  });
  rig.server.HandleFunc("/fast", [](Request&, ResponseWriter&) {});
  rig.Start();
  ASSERT_TRUE(rig.Get("/fast").ok());
  WaitGroup slow;
  slow.Go([&] {
    auto response = rig.Get("/slow");
    ASSERT_TRUE(response.ok()) << response.error().ToString();
    EXPECT_EQ(response->body, "done");
  });
  running.Receive();
  WaitGroup shutdown;
  shutdown.Go([&] { EXPECT_TRUE(rig.server.Shutdown(Context::Background()).ok()); });
  runtime::testing::WaitUntilAllBlocked();
  proceed.Send({});
  slow.Wait();
  shutdown.Wait();
  EXPECT_EQ(rig.server.connections(), 0u);
  EXPECT_TRUE(IsUnreachable(rig.Get("/fast").error()));
}

XEBEC_HTTP_TEST(HttpServer, ShutdownEndsWatchesThroughTheirContext) {
  Rig rig(over);
  rig.server.SetHandler([](Request& request, ResponseWriter& w) {
    (void)w.Flush();
    request.ctx.Done().Receive();
    (void)w.Write("bye\n");
  });
  rig.Start();
  auto stream = rig.transport->Stream({}, {});
  ASSERT_TRUE(stream.ok());
  WaitGroup shutdown;
  shutdown.Go([&] { EXPECT_TRUE(rig.server.Shutdown(Context::Background()).ok()); });
  EXPECT_EQ(ReadLine(*stream->body), "bye");
  EXPECT_EQ(ReadLine(*stream->body), "end");
  shutdown.Wait();
}

XEBEC_HTTP_TEST(HttpServer, ShutdownGivesUpWhenItsContextEnds) {
  Rig rig(over);
  Chan<Unit> running;
  Chan<Unit> stuck;
  rig.server.SetHandler([&](Request&, ResponseWriter&) {
    running.Send({});
    stuck.Receive();
  });
  rig.Start();
  WaitGroup client;
  client.Go([&] { EXPECT_FALSE(rig.Get("/").ok()); });
  running.Receive();
  auto [ctx, cancel] = Context::WithTimeout(Context::Background(), 20ms);
  auto result = rig.server.Shutdown(ctx);
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(IsDeadlineExceeded(result.error()));
  client.Wait();
  stuck.Close();
}

XEBEC_HTTP_TEST(HttpServer, FiveHundredRequestsAtOnce) {
  TransportOptions options;
  options.max_conns_per_host = 50;
  options.max_idle_conns = 50;
  Rig rig(over, {}, options);
  Atomic<int> inside{0};
  Atomic<int> most{0};
  rig.server.SetHandler([&](Request& request, ResponseWriter& w) {
    const int now = inside.fetch_add(1, std::memory_order_relaxed) + 1;
    int seen = most.load(std::memory_order_relaxed);
    while (seen < now && !most.compare_exchange_weak(seen, now, std::memory_order_relaxed,
                                                     std::memory_order_relaxed)) {
    }
    Yield();
    (void)w.Write(request.body);
    inside.fetch_sub(1, std::memory_order_relaxed);
  });
  rig.Start();
  const int n = sim::Active() ? 60 : 500;
  WaitGroup clients;
  for (int i = 0; i < n; ++i) {
    clients.Go([&, i] {
      auto response = rig.Post("/", "request " + std::to_string(i));
      ASSERT_TRUE(response.ok()) << response.error().ToString();
      EXPECT_EQ(response->body, "request " + std::to_string(i));
    });
  }
  clients.Wait();
  EXPECT_LE(rig.dialer->count(), n);
  EXPECT_LE(most.load(std::memory_order_relaxed), 50);
}

XEBEC_HTTP_TEST(HttpServer, TooManyConnectionsAreTurnedAway) {
  ServerOptions server_options;
  server_options.max_connections = 1;
  Rig rig(over, server_options);
  rig.server.SetHandler([](Request& request, ResponseWriter& w) {
    (void)w.Flush();
    request.ctx.Done().Receive();
  });
  rig.Start();
  auto first = rig.transport->Stream({}, {});
  ASSERT_TRUE(first.ok());
  auto second = rig.transport->Stream({}, {});
  ASSERT_TRUE(second.ok()) << second.error().ToString();
  EXPECT_EQ(second->status, 503);
  EXPECT_EQ(ReadLine(*second->body), "too many connections");
}

XEBEC_HTTP_TEST(HttpServer, AbortCutsTheConnection) {
  Rig rig(over);
  rig.server.HandleFunc("/before", [](Request&, ResponseWriter& w) { w.Abort(); });
  rig.server.HandleFunc("/within", [](Request&, ResponseWriter& w) {
    (void)w.Write("begun\n");
    (void)w.Flush();
    w.Abort();
    EXPECT_FALSE(w.Write("more").ok());
  });
  rig.Start();
  EXPECT_TRUE(IsOutcomeUnknown(rig.Post("/before", "x").error()));
  EXPECT_TRUE(IsUnreachable(rig.Get("/before").error()));
  EXPECT_TRUE(IsUnreachable(rig.Get("/within").error()));
}

XEBEC_TEST(HttpServer, AnAddressThatCannotBeBoundIsAnError) {
  Server first;
  auto address = first.Start("127.0.0.1:0");
  ASSERT_TRUE(address.ok());
  Server second;
  auto result = second.ListenAndServe(*address);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find(*address), std::string::npos);
}

XEBEC_TEST(HttpServer, ListenAndServeReturnsAfterShutdown) {
  Server server;
  WaitGroup serving;
  serving.Go([&] { EXPECT_TRUE(server.ListenAndServe("127.0.0.1:0").ok()); });
  runtime::testing::WaitUntilAllBlocked();
  EXPECT_TRUE(server.Shutdown(Context::Background()).ok());
  serving.Wait();
}

XEBEC_TEST(HttpServer, TwoHandlersForOnePatternArePanic) {
  Server server;
  server.HandleFunc("/a", [](Request&, ResponseWriter&) {});
  EXPECT_THROW(server.HandleFunc("/a", [](Request&, ResponseWriter&) {}), Panic);
  EXPECT_THROW(server.HandleFunc("a", [](Request&, ResponseWriter&) {}), Panic);
}

}  // namespace
}  // namespace xebec::runtime::http
