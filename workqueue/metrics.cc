#include "workqueue/metrics.h"

#include <vector>

#include "runtime/debug/metrics.h"

namespace xebec::workqueue::internal {

namespace {

double Seconds(int64_t nanos) { return static_cast<double>(nanos) / 1e9; }

// 10 ns to 1,000 s.
std::vector<double> Buckets() {
  std::vector<double> buckets;
  double bound = 1e-8;
  for (int i = 0; i < 12; ++i, bound *= 10) buckets.push_back(bound);
  return buckets;
}

}  // namespace

QueueMetrics::QueueMetrics(runtime::Metrics& metrics, const std::string& name)
    : depth_(metrics.GetGauge("workqueue_depth", "Current depth of workqueue.", {{"name", name}})),
      adds_(metrics.GetCounter("workqueue_adds_total", "Adds that the queue handled.",
                               {{"name", name}})),
      queue_duration_(metrics.GetHistogram(
          "workqueue_queue_duration_seconds",
          "How long an item stays in the queue before it is taken.", Buckets(), {{"name", name}})),
      work_duration_(metrics.GetHistogram("workqueue_work_duration_seconds",
                                          "How long the work on an item takes.", Buckets(),
                                          {{"name", name}})),
      unfinished_(metrics.GetGauge("workqueue_unfinished_work_seconds",
                                   "Work in progress that work_duration does not show yet. Large "
                                   "values indicate stuck workers.",
                                   {{"name", name}})),
      longest_running_(metrics.GetGauge("workqueue_longest_running_processor_seconds",
                                        "For how long the longest running worker has been at it.",
                                        {{"name", name}})),
      retries_(metrics.GetCounter("workqueue_retries_total", "Retries that the queue handled.",
                                  {{"name", name}})) {}

void QueueMetrics::Added() {
  adds_.Add();
  depth_.Add();
}

void QueueMetrics::Got(int64_t queued_for) {
  depth_.Add(-1);
  queue_duration_.Observe(Seconds(queued_for));
}

void QueueMetrics::Done(int64_t worked_for) { work_duration_.Observe(Seconds(worked_for)); }

void QueueMetrics::Unfinished(int64_t total, int64_t longest) {
  unfinished_.Set(Seconds(total));
  longest_running_.Set(Seconds(longest));
}

void QueueMetrics::Retried() { retries_.Add(); }

}  // namespace xebec::workqueue::internal
