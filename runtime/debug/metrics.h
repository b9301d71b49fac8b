// Counters, gauges and histograms, and their text for /metrics.
//
//   Counter& created = metrics.GetCounter("xebec_pods_created_total", "Pods created.", {{"ns",
//   ns}}); created.Add();
//
// Handles live as long as their Metrics; look one up once and keep it. Updates are lock-free
// (histograms take a short thread lock) and nothing here parks a fiber.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace xebec::runtime {

using MetricLabels = std::map<std::string, std::string>;

class Counter {
 public:
  void Add(double by = 1);  // `by` >= 0
  double Value() const;

 private:
  friend class Metrics;
  explicit Counter(prometheus::Counter* impl) : impl_(impl) {}
  prometheus::Counter* impl_;
};

class Gauge {
 public:
  void Set(double value);
  void Add(double by = 1);
  double Value() const;

 private:
  friend class Metrics;
  explicit Gauge(prometheus::Gauge* impl) : impl_(impl) {}
  prometheus::Gauge* impl_;
};

class Histogram {
 public:
  void Observe(double value);

 private:
  friend class Metrics;
  explicit Histogram(prometheus::Histogram* impl) : impl_(impl) {}
  prometheus::Histogram* impl_;
};

// The buckets of most durations: 1 ms to 60 s, in seconds.
const std::vector<double>& DefaultBuckets();

// A registry. Safe from any thread or fiber.
// A name with characters that Prometheus does not know, or one already used for another type, is a
// Panic.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The metric with this name and these labels, made at the first call. O(log n).
  Counter& GetCounter(const std::string& name, const std::string& help,
                      const MetricLabels& labels = {});
  Gauge& GetGauge(const std::string& name, const std::string& help,
                  const MetricLabels& labels = {});
  // `buckets` are upper bounds, ascending; those of the first call for a name and labels count.
  Histogram& GetHistogram(const std::string& name, const std::string& help,
                          const std::vector<double>& buckets = DefaultBuckets(),
                          const MetricLabels& labels = {});
  // A gauge whose value is read when the text is asked for. `read` must neither park nor
  // use this registry, and stays callable until it is replaced: it replaces an earlier one with
  // this name and these labels, nullptr removes it.
  void SetGaugeFunction(const std::string& name, const std::string& help,
                        const MetricLabels& labels, std::function<double()> read);

  // All metrics in Prometheus' text exposition format (version 0.0.4).
  std::string Text() const;
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  // The process-wide registry, for programs; libraries take one in their Options.
  static Metrics& Default();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace xebec::runtime
