#include "apiserver/internal/core.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apiserver/internal/prepare.h"
#include "object/time.h"
#include "runtime/check.h"
#include "runtime/rand.h"
#include "runtime/sched/time.h"

namespace xebec::apiserver {

Core::Core(Options options)
    : options_(std::move(options)),
      store_({options_.log_max_events, options_.log_max_bytes}, options_.first_revision) {
  auto [ctx, cancel] = Context::WithCancel(Context::Background());
  stopping_ = ctx;
  stop_ = cancel;
  catalog_ = std::make_shared<const Catalog>(
      [this](const std::string& name) { return store_.OpenTable(name); });
  const ResourcePtr namespaces = catalog_->Find("", "v1", "namespaces");
  namespace_table_ = namespaces->table;
  crd_table_ = catalog_->Find("apiextensions.k8s.io", "v1", "customresourcedefinitions")->table;
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    nlohmann::json object = {
        {"kind", "Namespace"}, {"apiVersion", "v1"}, {"metadata", {{"name", name}}}};
    const Result<void> prepared = PrepareCreate(*namespaces, object);
    CHECK(prepared.ok());
    store_.Create(namespace_table_, MakeDraft(object, namespaces->field_labels));
  }
  store_.SetNamespaceTable(namespace_table_);
}

CatalogPtr Core::catalog() const {
  std::lock_guard lock(mu_);
  return catalog_;
}

uint64_t Core::CountCall(const std::string& verb_and_resource) {
  std::lock_guard lock(mu_);
  return calls_[verb_and_resource]++;
}

std::string NewUid() {
  const uint64_t high = runtime::ThreadRand().Next();
  const uint64_t low = runtime::ThreadRand().Next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff,
                     high & 0xfff, (low >> 48 & 0x3fff) | 0x8000, low & 0xffffffffffff);
}

std::string RandomSuffix() {
  static constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::string out;
  for (int i = 0; i < 5; ++i) out += kLetters[runtime::ThreadRand().Below(kLetters.size())];
  return out;
}

std::string NowText() { return object::Time::FromNanos(runtime::WallNanos()).ToString(); }

}  // namespace xebec::apiserver
