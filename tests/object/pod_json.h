#pragma once

#include <cstdint>
#include <string>

namespace xebec::object {

// The JSON of a pod as a production cluster holds it: about 8 KiB, a third of it managedFields.
// Pods of different numbers differ in names, uids, digests and addresses.
std::string PodJson(int number, int64_t resource_version);

}  // namespace xebec::object
