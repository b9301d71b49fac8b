#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "runtime/sync/mutex.h"
#include "runtime/sync/wait_group.h"

namespace xebec::runtime {

// Lets callers that want the same thing at the same time share one run of the work.
//
//   SingleFlight<std::string, Result<Token>> flights;
//   auto [token, shared] = flights.Do(host, [&] { return FetchToken(ctx, host); });
template <class K, class V, class Hash = std::hash<K>>
class SingleFlight {
 public:
  struct Outcome {
    V value;
    // Whether other callers got the same value.
    bool shared;
  };

  SingleFlight() = default;
  SingleFlight(const SingleFlight&) = delete;
  SingleFlight& operator=(const SingleFlight&) = delete;

  // Runs `fn` unless a run for `key` is under way; waits for that one then. An exception of `fn` is
  // thrown to every caller that shares the run. Not cancellable: `fn` should be.
  Outcome Do(const K& key, const std::function<V()>& fn) {
    std::unique_lock lock(mutex_);
    if (auto it = flights_.find(key); it != flights_.end()) {
      std::shared_ptr<Flight> flight = it->second;
      ++flight->sharers;
      lock.unlock();
      flight->landed.Wait();
      if (flight->error) std::rethrow_exception(flight->error);
      return {*flight->value, true};
    }
    auto flight = std::make_shared<Flight>();
    flight->landed.Add(1);
    flights_.emplace(key, flight);
    lock.unlock();

    try {
      flight->value.emplace(fn());
    } catch (...) {
      flight->error = std::current_exception();
    }
    lock.lock();
    const bool shared = flight->sharers > 0;
    if (auto it = flights_.find(key); it != flights_.end() && it->second == flight) {
      flights_.erase(it);
    }
    lock.unlock();
    flight->landed.Done();
    if (flight->error) std::rethrow_exception(flight->error);
    return {*flight->value, shared};
  }

  // Later calls for `key` start a new run even if one is under way.
  void Forget(const K& key) {
    std::lock_guard lock(mutex_);
    flights_.erase(key);
  }

 private:
  struct Flight {
    WaitGroup landed;
    std::optional<V> value;    // written before landed is done
    std::exception_ptr error;  // the same
    int sharers = 0;           // guarded by mutex_
  };

  Mutex mutex_;
  std::unordered_map<K, std::shared_ptr<Flight>, Hash> flights_;  // guarded by mutex_
};

}  // namespace xebec::runtime
