#include "runtime/debug/metrics.h"

#include <gtest/gtest.h>

#include <thread>

#include "runtime/panic.h"

namespace xebec::runtime {
namespace {

TEST(Metrics, TheTextHoldsHelpTypeLabelsAndValue) {
  Metrics metrics;
  metrics.GetCounter("pods_created_total", "Pods created.", {{"ns", "default"}}).Add(3);
  EXPECT_EQ(metrics.Text(),
            "# HELP pods_created_total Pods created.\n"
            "# TYPE pods_created_total counter\n"
            "pods_created_total{ns=\"default\"} 3\n");
}

TEST(Metrics, OneNameAndLabelsIsOneMetric) {
  Metrics metrics;
  Counter& a = metrics.GetCounter("c_total", "C.", {{"x", "1"}});
  Counter& b = metrics.GetCounter("c_total", "C.", {{"x", "1"}});
  Counter& other = metrics.GetCounter("c_total", "C.", {{"x", "2"}});
  a.Add();
  b.Add();
  EXPECT_EQ(&a, &b);
  EXPECT_EQ(a.Value(), 2);
  EXPECT_EQ(other.Value(), 0);
}

TEST(Metrics, AHistogramCountsIntoItsBuckets) {
  Metrics metrics;
  Histogram& h = metrics.GetHistogram("took_seconds", "Time.", {0.1, 1});
  h.Observe(0.05);
  h.Observe(0.5);
  h.Observe(5);
  const std::string text = metrics.Text();
  EXPECT_NE(text.find("took_seconds_bucket{le=\"0.1\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("took_seconds_bucket{le=\"1\"} 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("took_seconds_bucket{le=\"+Inf\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("took_seconds_count 3\n"), std::string::npos) << text;
}

TEST(Metrics, AGaugeFunctionIsReadWhenTheTextIsAskedForUntilItIsRemoved) {
  Metrics metrics;
  int depth = 1;
  metrics.SetGaugeFunction("depth", "Depth.", {{"q", "a"}}, [&] { return depth; });
  depth = 7;
  EXPECT_NE(metrics.Text().find("depth{q=\"a\"} 7\n"), std::string::npos);
  metrics.SetGaugeFunction("depth", "Depth.", {{"q", "a"}}, nullptr);
  EXPECT_EQ(metrics.Text().find("depth{"), std::string::npos);
}

TEST(Metrics, GaugesGoUpAndDown) {
  Metrics metrics;
  Gauge& g = metrics.GetGauge("g", "G.");
  g.Set(5);
  g.Add(-2);
  EXPECT_EQ(g.Value(), 3);
}

TEST(Metrics, AWrongNameOrAnotherTypeForANameIsAPanic) {
  Metrics metrics;
  EXPECT_THROW(metrics.GetCounter("with space", "X."), Panic);
  metrics.GetCounter("taken", "X.");
  EXPECT_THROW(metrics.GetGauge("taken", "X."), Panic);
}

TEST(Metrics, CountsFromSeveralThreadsAreAllThere) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) metrics.GetCounter("n_total", "N.").Add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(metrics.GetCounter("n_total", "N.").Value(), 4000);
}

}  // namespace
}  // namespace xebec::runtime
