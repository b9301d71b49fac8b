#pragma once

#include <cstdint>

#include <xebec/controller/controller.h>

namespace podset {

struct FakeKubeletOptions {
  uint64_t seed = 1;
  // How many of a hundred pods fail instead of running.
  int fail_percent = 4;
};

// Plays the kubelet where there is none (the embedded server, a bare control plane): marks the pods
// of PodSets Running, or Failed for a share of them picked by the seed and the pod's uid, and
// completes their deletion.
xebec::Result<void> AddFakeKubelet(xebec::controller::Manager& manager,
                                   FakeKubeletOptions options = {});

}  // namespace podset
