#pragma once

#include <string>
#include <vector>

#include "client/batch.h"
#include "client/client.h"
#include "object/api/core/v1.h"

namespace xebec::client {

// Pods of one namespace, with the end-to-end framework's verbs.
class PodClient {
 public:
  using Pod = api::core::v1::Pod;
  PodClient(Client client, std::string ns) : client_(std::move(client)), ns_(std::move(ns)) {}

  // Creates the pod and waits until it runs; the wait is `options.poll`'s.
  Result<Pod> CreateSync(const Context& ctx, const Pod& pod, BatchOptions options = {}) const {
    if (!options.until) options.until = PodIsRunning;
    auto result = CreateObjectSync(ctx, Pods(), pod.object(), options);
    if (!result.ok()) return std::move(result).error();
    return Pod(std::move(result).value());
  }

  // CreateSync for each pod at once: a fiber for each, the results in the pods' order, a failure
  // reported for its pod alone. See CreateObjectBatch.
  std::vector<Result<Pod>> CreateBatch(const Context& ctx, const std::vector<Pod>& pods,
                                       BatchOptions options = {}) const;

 private:
  Resource Pods() const { return client_.Resource(Client::InfoOf<Pod>(), ns_); }
  Client client_;
  std::string ns_;
};

}  // namespace xebec::client
