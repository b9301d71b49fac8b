#include "workqueue/metrics.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/clock.h"
#include "runtime/debug/metrics.h"
#include "runtime/testing.h"
#include "workqueue/delaying_queue.h"

namespace xebec::workqueue {
namespace {

using namespace std::chrono_literals;

const Context kForever;

// The value that a metrics text gives for `name` of the queue "test".
std::string ValueOf(const runtime::Metrics& metrics, const std::string& name) {
  const std::string text = metrics.Text();
  const std::string line = "workqueue_" + name + "{name=\"test\"} ";
  const size_t at = text.find(line);
  if (at == std::string::npos) return "missing";
  const size_t from = at + line.size();
  return text.substr(from, text.find('\n', from) - from);
}

XEBEC_TEST(WorkQueueMetrics, TellWhatTheQueueDoes) {
  runtime::FakeClock clock;
  runtime::Metrics metrics;
  DelayingQueue<std::string> queue({.name = "test", .metrics = &metrics, .clock = &clock});

  queue.Add("foo");
  EXPECT_EQ(ValueOf(metrics, "adds_total"), "1");
  EXPECT_EQ(ValueOf(metrics, "depth"), "1");
  clock.Advance(50s);
  EXPECT_EQ(queue.Get(kForever), "foo");
  EXPECT_EQ(ValueOf(metrics, "queue_duration_seconds_sum"), "50");
  EXPECT_EQ(ValueOf(metrics, "queue_duration_seconds_count"), "1");
  EXPECT_EQ(ValueOf(metrics, "depth"), "0");

  // Added while it is processed: counted and timed from then.
  queue.Add("foo");
  queue.Add("foo");
  EXPECT_EQ(ValueOf(metrics, "adds_total"), "2");
  EXPECT_EQ(ValueOf(metrics, "depth"), "1");
  clock.Advance(25s);
  queue.Done("foo");
  EXPECT_EQ(ValueOf(metrics, "work_duration_seconds_sum"), "25");
  EXPECT_EQ(queue.Len(), 1u);
  clock.Advance(10s);
  EXPECT_EQ(queue.Get(kForever), "foo");
  EXPECT_EQ(ValueOf(metrics, "queue_duration_seconds_sum"), "85");
  queue.Done("foo");
  EXPECT_EQ(ValueOf(metrics, "work_duration_seconds_count"), "2");

  queue.AddAfter("bar", 1s);
  queue.AddAfter("baz", 0s);
  EXPECT_EQ(ValueOf(metrics, "retries_total"), "2");
}

XEBEC_TEST(WorkQueueMetrics, UnfinishedWorkIsSampled) {
  runtime::FakeClock clock;
  runtime::Metrics metrics;
  Queue<int> queue({.name = "test", .metrics = &metrics, .clock = &clock});
  queue.Add(1);
  queue.Add(2);
  EXPECT_EQ(queue.Get(kForever), 1);
  clock.Advance(1s);
  EXPECT_EQ(ValueOf(metrics, "unfinished_work_seconds"), "1");
  EXPECT_EQ(queue.Get(kForever), 2);
  clock.Advance(2s);
  EXPECT_EQ(ValueOf(metrics, "unfinished_work_seconds"), "5");
  EXPECT_EQ(ValueOf(metrics, "longest_running_processor_seconds"), "3");
  queue.Done(1);
  clock.Advance(500ms);
  EXPECT_EQ(ValueOf(metrics, "unfinished_work_seconds"), "2.5");
  EXPECT_EQ(ValueOf(metrics, "longest_running_processor_seconds"), "2.5");
  queue.Done(2);
  clock.Advance(500ms);
  EXPECT_EQ(ValueOf(metrics, "unfinished_work_seconds"), "0");
  EXPECT_FALSE(clock.HasWaiters()) << "nothing to sample: the timer rests";
}

XEBEC_TEST(WorkQueueMetrics, AQueueWithoutANameHasNone) {
  runtime::Metrics metrics;
  Queue<int> queue({.metrics = &metrics});
  queue.Add(1);
  EXPECT_EQ(metrics.Text().find("workqueue_"), std::string::npos);
}

}  // namespace
}  // namespace xebec::workqueue
