#include "runtime/debug/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <mutex>
#include <stdexcept>
#include <utility>

#include "runtime/panic.h"

namespace xebec::runtime {

void Counter::Add(double by) { impl_->Increment(by); }
double Counter::Value() const { return impl_->Value(); }
void Gauge::Set(double value) { impl_->Set(value); }
void Gauge::Add(double by) { impl_->Increment(by); }
double Gauge::Value() const { return impl_->Value(); }
void Histogram::Observe(double value) { impl_->Observe(value); }

const std::vector<double>& DefaultBuckets() {
  static const std::vector<double> buckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                           0.5,   1,      2.5,   5,    10,    30,   60};
  return buckets;
}

struct Metrics::Impl {
  struct GaugeFunction {
    prometheus::Family<prometheus::Gauge>* family;
    prometheus::Gauge* gauge;
    std::function<double()> read;
  };

  // Runs `find` (which asks prometheus-cpp for a metric) and returns our handle to what it found.
  template <class Handle, class Find>
  Handle& Lookup(std::map<const void*, Handle>& handles, const std::string& name, Find find) {
    std::lock_guard lock(mutex);
    try {
      auto* found = &find();
      return handles.try_emplace(found, Handle(found)).first->second;
    } catch (const std::invalid_argument& e) {
      ThrowPanic("metric '" + name + "': " + e.what());
    }
  }

  // Thread lock, held for look-ups only. Guards everything below; the registry has locks of its
  // own.
  std::mutex mutex;
  prometheus::Registry registry;
  std::map<const void*, Counter> counters;
  std::map<const void*, Gauge> gauges;
  std::map<const void*, Histogram> histograms;
  std::map<std::pair<std::string, MetricLabels>, GaugeFunction> functions;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::GetCounter(const std::string& name, const std::string& help,
                             const MetricLabels& labels) {
  return impl_->Lookup(impl_->counters, name, [&]() -> prometheus::Counter& {
    return prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry).Add(labels);
  });
}

Gauge& Metrics::GetGauge(const std::string& name, const std::string& help,
                         const MetricLabels& labels) {
  return impl_->Lookup(impl_->gauges, name, [&]() -> prometheus::Gauge& {
    return prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry).Add(labels);
  });
}

Histogram& Metrics::GetHistogram(const std::string& name, const std::string& help,
                                 const std::vector<double>& buckets, const MetricLabels& labels) {
  return impl_->Lookup(impl_->histograms, name, [&]() -> prometheus::Histogram& {
    return prometheus::BuildHistogram()
        .Name(name)
        .Help(help)
        .Register(impl_->registry)
        .Add(labels, prometheus::Histogram::BucketBoundaries(buckets.begin(), buckets.end()));
  });
}

void Metrics::SetGaugeFunction(const std::string& name, const std::string& help,
                               const MetricLabels& labels, std::function<double()> read) {
  std::lock_guard lock(impl_->mutex);
  const auto key = std::make_pair(name, labels);
  if (const auto old = impl_->functions.find(key); old != impl_->functions.end()) {
    old->second.family->Remove(old->second.gauge);
    impl_->functions.erase(old);
  }
  if (!read) return;
  try {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry);
    impl_->functions.emplace(key,
                             Impl::GaugeFunction{&family, &family.Add(labels), std::move(read)});
  } catch (const std::invalid_argument& e) {
    ThrowPanic("metric '" + name + "': " + e.what());
  }
}

std::string Metrics::Text() const {
  {
    std::lock_guard lock(impl_->mutex);
    for (auto& [key, function] : impl_->functions) function.gauge->Set(function.read());
  }
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

Metrics& Metrics::Default() {
  static Metrics* metrics = new Metrics;  // never destroyed: static destructors may count
  return *metrics;
}

}  // namespace xebec::runtime
