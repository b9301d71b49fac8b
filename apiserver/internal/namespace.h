// The life of a namespace: it can be deleted, then nothing new gets in, what is in it goes, then it
// goes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "apiserver/internal/core.h"
#include "apiserver/internal/item.h"

namespace xebec::apiserver {

// default, kube-system and kube-public stay.
bool IsPermanentNamespace(std::string_view name);

// The namespace marked as deleting, in phase Terminating.
nlohmann::json TerminatingNamespace(const Item& item);

// Deletes what is in a namespace that is being deleted and, once it is empty, the namespace. Called
// again when an object in it went.
void EmptyNamespace(Core& core, const std::string& name);

}  // namespace xebec::apiserver
