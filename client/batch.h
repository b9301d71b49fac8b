// Creating many objects at once: a fiber for each, and one that waits for all of them.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "client/client.h"
#include "client/helpers.h"
#include "object/object.h"
#include "runtime/context.h"
#include "runtime/result.h"

namespace xebec::client {

struct BatchOptions {
  // Created objects are waited for until this holds. Default: they are not waited for.
  std::function<bool(const object::Object&)> until{};
  // How long each is waited for, and how often it is looked at.
  PollOptions poll{};
  CreateOptions create{};
};

// Creates one object and waits until `options.until` holds for it (the end-to-end framework's
// CreateSync).
Result<object::Object> CreateObjectSync(const Context& ctx, const Resource& resource,
                                        const object::Object& object,
                                        const BatchOptions& options = {});

// Creates all objects at once, each in a fiber of its own, and returns the results in the objects'
// order. A failure, a panic included, is the result of that object alone: the others go on.
//
// Blocks until all are done. The fibers are as many as the objects; requests at one time are
// bounded by ClientOptions::max_connections.
std::vector<Result<object::Object>> CreateObjectBatch(const Context& ctx, const Resource& resource,
                                                      const std::vector<object::Object>& objects,
                                                      const BatchOptions& options = {});

// Typed forms.
template <class T>
Result<T> CreateSync(const Context& ctx, const Client& client, const T& object,
                     const BatchOptions& options = {}) {
  auto result = CreateObjectSync(ctx, client.ResourceOf<T>(), object.object(), options);
  if (!result.ok()) return std::move(result).error();
  return T(std::move(result).value());
}

template <class T>
std::vector<Result<T>> CreateBatch(const Context& ctx, const Client& client,
                                   const std::vector<T>& objects,
                                   const BatchOptions& options = {}) {
  std::vector<object::Object> plain;
  plain.reserve(objects.size());
  for (const T& object : objects) plain.push_back(object.object());
  std::vector<Result<T>> out;
  out.reserve(objects.size());
  for (auto& result : CreateObjectBatch(ctx, client.ResourceOf<T>(), plain, options)) {
    if (result.ok()) {
      out.emplace_back(T(std::move(result).value()));
    } else {
      out.emplace_back(std::move(result).error());
    }
  }
  return out;
}

// For BatchOptions::until: the pod's phase is Running, or Succeeded.
bool PodIsRunning(const object::Object& pod);

}  // namespace xebec::client
