#pragma once

#include <cstdint>
#include <string>

namespace xebec::runtime {
class Counter;
class Gauge;
class Histogram;
class Metrics;
}  // namespace xebec::runtime

namespace xebec::workqueue::internal {

// The metrics of one named queue, under client-go's names, with the label `name`:
// workqueue_{depth,adds_total,queue_duration_seconds,work_duration_seconds,unfinished_work_seconds,
// longest_running_processor_seconds,retries_total}. Times in nanoseconds. Safe from any fiber.
class QueueMetrics {
 public:
  QueueMetrics(runtime::Metrics& metrics, const std::string& name);

  void Added();
  void Got(int64_t queued_for);
  void Done(int64_t worked_for);
  void Unfinished(int64_t total, int64_t longest);
  void Retried();

 private:
  runtime::Gauge& depth_;
  runtime::Counter& adds_;
  runtime::Histogram& queue_duration_;
  runtime::Histogram& work_duration_;
  runtime::Gauge& unfinished_;
  runtime::Gauge& longest_running_;
  runtime::Counter& retries_;
};

}  // namespace xebec::workqueue::internal
