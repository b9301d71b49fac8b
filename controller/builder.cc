#include "controller/builder.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace xebec::controller {

std::vector<Request> Builder::OwnerKind::RequestsFor(const object::Metadata& metadata,
                                                     std::string_view ns) const {
  auto owner = metadata.ControllerOwner();
  if (!owner || owner->kind != kind ||
      GroupVersionKind::From(owner->api_version, owner->kind).group != group)
    return {};
  return {Request{{namespaced ? std::string(ns) : std::string(), owner->name}}};
}

std::string Builder::LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return lower;
}

Result<void> Builder::Complete(std::shared_ptr<Reconciler> reconciler) {
  if (for_count_ != 1) {
    return Error::InvalidInput(
        fmt::format("controller {:?} has {} For kinds: call For exactly once", name_, for_count_));
  }
  for (const auto& loop : manager_.loops()) {
    if (loop->name() == name_) {
      return Error::InvalidInput(fmt::format(
          "two controllers of one manager are named {:?}: give one another name with Named",
          name_));
    }
  }
  if (options_.metrics == nullptr) options_.metrics = &manager_.metrics();
  auto loop = std::make_shared<ReconcileLoop>(name_, std::move(reconciler), options_);
  for (const auto& make : sources_) loop->AddSource(make(*this));
  manager_.Add(std::move(loop));
  return {};
}

}  // namespace xebec::controller
