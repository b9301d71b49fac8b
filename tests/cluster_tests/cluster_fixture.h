#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "client/client.h"
#include "client/config.h"
#include "client/helpers.h"
#include "object/api/core/v1.h"
#include "runtime/context.h"
#include "runtime/sched/time.h"

namespace xebec::cluster {

using api::core::v1::ConfigMap;
using api::core::v1::Namespace;
using api::core::v1::Pod;
using api::core::v1::Secret;

// A client of the cluster that KUBECONFIG names, and a namespace for one test.
class Cluster {
 public:
  Cluster() {
    auto config = client::Config::Load();
    if (!config) {
      ADD_FAILURE() << "no cluster: " << config.error().ToString()
                    << " (run these tests by `make test-cluster`)";
      return;
    }
    client_ = std::make_unique<client::Client>(*config);
    std::tie(ctx_, cancel_) =
        Context::WithTimeout(Context::Background(), std::chrono::seconds(100));
    Namespace::Builder ns;
    ns.SetGenerateName("xebec-test-");
    auto made = client_->Create(ctx_, Namespace(ns.Build()));
    if (!made) {
      ADD_FAILURE() << "cannot make a namespace: " << made.error().ToString();
      return;
    }
    ns_ = made->name();
  }
  ~Cluster() {
    if (!ns_.empty()) (void)client_->Delete<Namespace>(Context::Background(), {"", ns_});
    cancel_();
  }

  bool ok() const { return !ns_.empty(); }
  const client::Client& client() const { return *client_; }
  const Context& ctx() const { return ctx_; }
  const std::string& ns() const { return ns_; }

  ConfigMap MakeConfigMap(const std::string& name, const std::string& value) const {
    ConfigMap::Builder map;
    map.SetName(name).SetNamespace(ns_).SetLabel("app", "xebec");
    map.PutData("key", value);
    return map.Build();
  }

 private:
  std::unique_ptr<client::Client> client_;
  Context ctx_;
  CancelFunc cancel_;
  std::string ns_;
};

// Looks again and again until `done`, for 30 s at most.
template <class F>
bool Eventually(const Context& ctx, F done) {
  return client::Poll(ctx, [&]() -> Result<bool> { return done(); },
                      {.first = std::chrono::milliseconds(10),
                       .most = std::chrono::milliseconds(100),
                       .timeout = std::chrono::seconds(30)})
      .ok();
}

}  // namespace xebec::cluster
