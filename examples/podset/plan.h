#pragma once

#include <string>
#include <vector>

#include "podset_controller.h"

namespace podset {

// What one reconcile is to do, worked out from the cache alone.
struct Plan {
  std::vector<int> create;  // numbers of the pods that are missing
  std::vector<Pod> remove;  // failed, surplus or outdated
};

// Pods that are being deleted are waited for: their numbers are free once they are gone. Pods with
// another image are replaced a quarter at a time, and only while all others run.
Plan MakePlan(const PodSet& set, const std::vector<Pod>& pods);

// "web-17" of set "web" is 17; -1 for other names.
int NumberOf(std::string_view set, std::string_view pod);
std::string PodName(std::string_view set, int number);
Pod MakePod(const PodSet& set, int number);

}  // namespace podset
