#include "plan.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace podset {

int NumberOf(std::string_view set, std::string_view pod) {
  if (!pod.starts_with(set) || pod.size() < set.size() + 2 || pod[set.size()] != '-') return -1;
  std::string_view digits = pod.substr(set.size() + 1);
  int number = -1;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool canonical = digits.size() == 1 || digits[0] != '0';
  return error == std::errc{} && end == digits.data() + digits.size() && canonical ? number : -1;
}

std::string PodName(std::string_view set, int number) { return fmt::format("{}-{}", set, number); }

Pod MakePod(const PodSet& set, int number) {
  Pod::Builder pod;
  pod.SetName(PodName(set.name(), number)).SetNamespace(set.ns()).SetLabel(kLabel, set.name());
  pod.spec().AddContainers().SetName("app").SetImage(set.spec().image());
  pod.spec().SetRestartPolicy("Never");
  (void)pod.SetControllerReference(set.object());  // fails only for an owner without a uid
  return pod.Build();
}

Plan MakePlan(const PodSet& set, const std::vector<Pod>& pods) {
  Plan plan;
  const int replicas = set.spec().replicas();
  std::vector<bool> taken(std::max(replicas, 0));
  std::vector<Pod> outdated;
  int running = 0;
  for (const Pod& pod : pods) {
    const int number = NumberOf(set.name(), pod.name());
    const bool wanted = number >= 0 && number < replicas;
    if (wanted) taken[number] = true;
    if (pod.metadata().IsDeleting()) continue;
    const std::string_view phase = pod.status().phase();
    if (!wanted || phase == "Failed" || phase == "Succeeded") {
      plan.remove.push_back(pod);
    } else {
      running += phase == "Running";
      auto containers = pod.spec().containers();
      if (containers.empty() || containers[0].image() != set.spec().image())
        outdated.push_back(pod);
    }
  }
  for (int number = 0; number < replicas; ++number) {
    if (!taken[number]) plan.create.push_back(number);
  }
  if (running == replicas) {
    outdated.resize(std::min<size_t>(outdated.size(), std::max(1, replicas / 4)));
    plan.remove.insert(plan.remove.end(), outdated.begin(), outdated.end());
  }
  return plan;
}

}  // namespace podset
