#include "client/pod_client.h"

namespace xebec::client {

std::vector<Result<PodClient::Pod>> PodClient::CreateBatch(const Context& ctx,
                                                           const std::vector<Pod>& pods,
                                                           BatchOptions options) const {
  if (!options.until) options.until = PodIsRunning;
  std::vector<object::Object> objects;
  objects.reserve(pods.size());
  for (const Pod& pod : pods) objects.push_back(pod.object());
  std::vector<Result<Pod>> out;
  out.reserve(pods.size());
  for (auto& result : CreateObjectBatch(ctx, Pods(), objects, options)) {
    if (result.ok()) {
      out.emplace_back(Pod(std::move(result).value()));
    } else {
      out.emplace_back(std::move(result).error());
    }
  }
  return out;
}

}  // namespace xebec::client
