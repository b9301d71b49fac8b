// What the parts of the server share: options, store, catalog, time and randomness.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "apiserver/internal/resource.h"
#include "apiserver/internal/store.h"
#include "apiserver/options.h"
#include "runtime/context.h"
#include "runtime/result.h"
#include "runtime/sync/mutex.h"

namespace xebec::apiserver {

// Thread-safe.
class Core {
 public:
  // Makes the built-in tables and the namespaces default, kube-system and kube-public.
  explicit Core(Options options);

  const Options& options() const { return options_; }
  Store& store() { return store_; }
  CatalogPtr catalog() const;
  // Reads all CustomResourceDefinitions anew and serves what they say (crd.cc). Called after each
  // write to one of them.
  void RefreshCustomResources();

  TableId namespace_table() const { return namespace_table_; }
  TableId crd_table() const { return crd_table_; }

  // Cancelled when the server stops.
  const Context& stopping() const { return stopping_; }
  void Stop() { stop_({}); }

  // How many calls of this verb and resource came before; counts this one.
  uint64_t CountCall(const std::string& verb_and_resource);
  std::atomic<size_t>& in_flight() { return in_flight_; }

 private:
  const Options options_;
  Store store_;
  TableId namespace_table_ = 0, crd_table_ = 0;
  Context stopping_;
  CancelFunc stop_;
  std::atomic<size_t> in_flight_{0};
  runtime::Mutex refresh_mu_;  // held over a whole RefreshCustomResources
  mutable runtime::Mutex mu_;  // guards what follows
  CatalogPtr catalog_;
  std::map<std::string, uint64_t> calls_;
};

// A random (version 4) UUID from the runtime's Rand.
std::string NewUid();
// Five characters for generateName.
std::string RandomSuffix();
// The wall clock as metadata has it: "2026-01-01T00:00:00Z".
std::string NowText();

}  // namespace xebec::apiserver
