#include "informer/indexer.h"

#include <mutex>
#include <shared_mutex>
#include <utility>

#include <fmt/format.h>

namespace xebec::informer {

void Indexer::State::Link(const NamespacedName& key, const object::Object& object) {
  namespaces[key.ns].insert(key);
  for (auto& [name, index] : indexes) {
    for (std::string& value : index.func(object)) index.keys[std::move(value)].insert(key);
  }
}

void Indexer::State::Unlink(const NamespacedName& key, const object::Object& object) {
  auto drop = [&](std::unordered_map<std::string, Keys>& from, const std::string& value) {
    auto found = from.find(value);
    if (found == from.end()) return;
    found->second.erase(key);
    if (found->second.empty()) from.erase(found);
  };
  drop(namespaces, key.ns);
  for (auto& [name, index] : indexes) {
    for (const std::string& value : index.func(object)) drop(index.keys, value);
  }
}

std::vector<object::Object> Indexer::State::Collect(const Keys& keys) const {
  std::vector<object::Object> found;
  found.reserve(keys.size());
  for (const NamespacedName& key : keys) found.push_back(objects.at(key));
  return found;
}

object::Object Indexer::Get(const NamespacedName& key) const {
  std::shared_lock lock(mu_);
  auto found = state_.objects.find(key);
  return found == state_.objects.end() ? object::Object() : found->second;
}

std::vector<object::Object> Indexer::List() const {
  std::shared_lock lock(mu_);
  std::vector<object::Object> all;
  all.reserve(state_.objects.size());
  for (const auto& [key, object] : state_.objects) all.push_back(object);
  return all;
}

std::vector<object::Object> Indexer::ListNamespace(const std::string& ns) const {
  std::shared_lock lock(mu_);
  auto found = state_.namespaces.find(ns);
  return found == state_.namespaces.end() ? std::vector<object::Object>{}
                                          : state_.Collect(found->second);
}

Result<std::vector<object::Object>> Indexer::ByIndex(const std::string& index,
                                                     const std::string& value) const {
  std::shared_lock lock(mu_);
  auto found = state_.indexes.find(index);
  if (found == state_.indexes.end()) {
    return Error::InvalidInput(
        fmt::format("no index named {:?}: add it with AddIndex before it is asked", index));
  }
  auto keys = found->second.keys.find(value);
  return keys == found->second.keys.end() ? std::vector<object::Object>{}
                                          : state_.Collect(keys->second);
}

size_t Indexer::size() const {
  std::shared_lock lock(mu_);
  return state_.objects.size();
}

Result<void> Indexer::AddIndex(const std::string& name, IndexFunc func) {
  std::lock_guard lock(mu_);
  auto [found, added] = state_.indexes.try_emplace(name);
  if (!added) return Error::AlreadyExists("index", name);
  Index& index = found->second;
  index.func = std::move(func);
  for (const auto& [key, object] : state_.objects) {
    for (std::string& value : index.func(object)) index.keys[std::move(value)].insert(key);
  }
  return {};
}

std::string Indexer::ResourceVersion() const {
  std::shared_lock lock(mu_);
  return resource_version_;
}

object::Object Indexer::Put(const object::Object& object) {
  const NamespacedName key = object.key();
  std::lock_guard lock(mu_);
  object::Object& slot = state_.objects[key];
  object::Object old = std::exchange(slot, object);
  if (old) state_.Unlink(key, old);
  state_.Link(key, object);
  return old;
}

object::Object Indexer::Remove(const NamespacedName& key) {
  std::lock_guard lock(mu_);
  auto found = state_.objects.find(key);
  if (found == state_.objects.end()) return {};
  object::Object old = std::move(found->second);
  state_.objects.erase(found);
  state_.Unlink(key, old);
  return old;
}

void Indexer::Replace(const std::vector<object::Object>& objects, std::string resource_version) {
  State next;
  {
    std::shared_lock lock(mu_);
    for (const auto& [name, index] : state_.indexes) next.indexes[name].func = index.func;
  }
  next.objects.reserve(objects.size());
  for (const object::Object& object : objects) {
    NamespacedName key = object.key();
    auto [slot, added] = next.objects.try_emplace(key, object);
    if (!added) {  // a server that lists an object twice: the later one counts
      next.Unlink(key, slot->second);
      slot->second = object;
    }
    next.Link(key, object);
  }
  std::lock_guard lock(mu_);
  for (auto& [name, index] : state_.indexes) {
    if (next.indexes.contains(name)) continue;  // added while the new state was built
    Index& added = next.indexes[name];
    added.func = index.func;
    for (const auto& [key, object] : next.objects) {
      for (std::string& value : added.func(object)) added.keys[std::move(value)].insert(key);
    }
  }
  std::swap(state_, next);
  resource_version_ = std::move(resource_version);
}

void Indexer::SetResourceVersion(std::string resource_version) {
  std::lock_guard lock(mu_);
  resource_version_ = std::move(resource_version);
}

}  // namespace xebec::informer
