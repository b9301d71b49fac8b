#include "apiserver/internal/store.h"

#include <algorithm>
#include <mutex>

#include "runtime/check.h"

namespace xebec::apiserver {

Store::Store(LogOptions log_options, uint64_t first_revision) : log_(log_options, first_revision) {}

TableId Store::OpenTable(const std::string& name) {
  std::lock_guard lock(mu_);
  auto [it, fresh] = table_names_.try_emplace(name, static_cast<TableId>(tables_.size()));
  if (fresh) {
    tables_.emplace_back();
    log_.AddTable(it->second);
  }
  return it->second;
}

void Store::SetNamespaceTable(TableId table) {
  std::lock_guard lock(mu_);
  namespaces_ = table;
}

uint64_t Store::Revision() const {
  std::lock_guard lock(mu_);
  return log_.revision();
}

ItemPtr Store::Get(TableId table, std::string_view key) const {
  std::lock_guard lock(mu_);
  const Objects& objects = tables_[table];
  auto it = objects.find(key);
  return it == objects.end() ? nullptr : it->second;
}

std::pair<ItemPtr, ObjectRef> Store::FindUid(const std::string& uid) const {
  std::lock_guard lock(mu_);
  auto it = by_uid_.find(uid);
  if (it == by_uid_.end()) return {};
  const Objects& objects = tables_[it->second.table];
  return {objects.at(it->second.key), it->second};
}

std::vector<ObjectRef> Store::Dependents(const std::string& uid) const {
  std::lock_guard lock(mu_);
  auto it = dependents_.find(uid);
  if (it == dependents_.end()) return {};
  return {it->second.begin(), it->second.end()};
}

ListPage Store::List(TableId table, const ListQuery& query) const {
  std::lock_guard lock(mu_);
  ListPage page;
  page.revision = query.revision.value_or(log_.revision());
  if (!log_.Reaches(table, page.revision) || page.revision > log_.revision()) {
    page.expired = true;
    return page;
  }
  // What later events changed is undone: the newest state first, back to the wanted revision.
  std::map<std::string, ItemPtr, std::less<>> undone;
  const std::vector<EventPtr> later =
      log_.Read(table, page.revision, static_cast<size_t>(-1)).events;
  for (auto it = later.rbegin(); it != later.rend(); ++it) {
    undone[(*it)->item->Key()] = (*it)->previous;
  }

  const Objects& objects = tables_[table];
  const std::string prefix = query.ns.empty() ? "" : query.ns + "/";
  const std::string& from = std::max(prefix, query.start_after);
  auto now = objects.lower_bound(from);
  auto old = undone.lower_bound(from);
  while (now != objects.end() || old != undone.end()) {
    ItemPtr item;
    const bool take_old = old != undone.end() && (now == objects.end() || old->first <= now->first);
    const std::string& key = take_old ? old->first : now->first;
    if (key.compare(0, prefix.size(), prefix) != 0) break;
    const bool skip = key == query.start_after;
    if (take_old) {
      if (now != objects.end() && now->first == old->first) ++now;
      item = old->second;
      ++old;
    } else {
      item = now->second;
      ++now;
    }
    if (skip || !item || (query.match && !query.match(*item))) continue;
    if (query.limit > 0 && page.items.size() == query.limit) {
      page.more = true;
      ++page.remaining;
      if (query.match) break;
      continue;
    }
    page.items.push_back(std::move(item));
  }
  return page;
}

std::vector<ObjectRef> Store::InNamespace(const std::string& ns) const {
  std::lock_guard lock(mu_);
  std::vector<ObjectRef> out;
  const std::string prefix = ns + "/";
  for (TableId table = 0; table < tables_.size(); ++table) {
    const Objects& objects = tables_[table];
    for (auto it = objects.lower_bound(prefix); it != objects.end(); ++it) {
      if (it->first.compare(0, prefix.size(), prefix) != 0) break;
      out.push_back({table, it->first});
    }
  }
  return out;
}

std::vector<ObjectRef> Store::All() const {
  std::lock_guard lock(mu_);
  std::vector<ObjectRef> out;
  for (TableId table = 0; table < tables_.size(); ++table) {
    for (const auto& [key, item] : tables_[table]) out.push_back({table, key});
  }
  return out;
}

WriteResult Store::Create(TableId table, Draft draft) {
  std::lock_guard lock(mu_);
  if (!draft.meta.ns.empty() && namespaces_) {
    const Objects& namespaces = tables_[*namespaces_];
    auto ns = namespaces.find(draft.meta.ns);
    if (ns == namespaces.end()) return {WriteOutcome::kNoNamespace, nullptr};
    if (ns->second->deleting) return {WriteOutcome::kNamespaceEnding, nullptr};
  }
  std::string key = draft.meta.Key();
  Objects& objects = tables_[table];
  if (objects.contains(key)) return {WriteOutcome::kExists, nullptr};
  ItemPtr item = MakeItem(std::move(draft), log_.revision() + 1);
  objects.emplace(std::move(key), item);
  IndexLocked(table, *item);
  AppendLocked(EventType::kAdded, table, item, nullptr);
  return {WriteOutcome::kOk, std::move(item)};
}

WriteResult Store::Replace(TableId table, const ItemPtr& expected, Draft draft) {
  std::lock_guard lock(mu_);
  const WriteOutcome outcome = CheckCurrentLocked(table, *expected);
  if (outcome != WriteOutcome::kOk) return {outcome, nullptr};
  ItemPtr item = MakeItem(std::move(draft), log_.revision() + 1);
  CHECK(item->Key() == expected->Key());
  UnindexLocked(table, *expected);
  tables_[table][item->Key()] = item;
  IndexLocked(table, *item);
  AppendLocked(EventType::kModified, table, item, expected);
  return {WriteOutcome::kOk, std::move(item)};
}

WriteResult Store::Remove(TableId table, const ItemPtr& expected) {
  std::lock_guard lock(mu_);
  const WriteOutcome outcome = CheckCurrentLocked(table, *expected);
  if (outcome != WriteOutcome::kOk) return {outcome, nullptr};
  UnindexLocked(table, *expected);
  tables_[table].erase(expected->Key());
  ItemPtr last = WithRevision(*expected, log_.revision() + 1);
  AppendLocked(EventType::kDeleted, table, last, expected);
  return {WriteOutcome::kOk, std::move(last)};
}

LogRead Store::Read(TableId table, uint64_t after, size_t limit) const {
  std::lock_guard lock(mu_);
  return log_.Read(table, after, limit);
}

LogRead Store::ReadAll(uint64_t after, size_t limit) const {
  std::lock_guard lock(mu_);
  return log_.ReadAll(after, limit);
}

bool Store::Reaches(TableId table, uint64_t revision) const {
  std::lock_guard lock(mu_);
  return log_.Reaches(table, revision);
}

void Store::CompactLog() {
  std::lock_guard lock(mu_);
  log_.Compact();
}

void Store::Wake(TableId table) {
  std::lock_guard lock(mu_);
  WakeLocked(table);
}

WriteOutcome Store::CheckCurrentLocked(TableId table, const Item& expected) const {
  const Objects& objects = tables_[table];
  auto it = objects.find(expected.Key());
  if (it == objects.end()) return WriteOutcome::kGone;
  return it->second->revision == expected.revision ? WriteOutcome::kOk : WriteOutcome::kStale;
}

void Store::AppendLocked(EventType type, TableId table, ItemPtr item, ItemPtr previous) {
  const uint64_t revision = item->revision;
  log_.Append({revision, type, table, std::move(item), std::move(previous)});
  WakeLocked(table);
}

void Store::IndexLocked(TableId table, const Item& item) {
  const ObjectRef ref{table, item.Key()};
  by_uid_[item.uid] = ref;
  for (const OwnerRef& owner : item.owners) dependents_[owner.uid].insert(ref);
}

void Store::UnindexLocked(TableId table, const Item& item) {
  const ObjectRef ref{table, item.Key()};
  by_uid_.erase(item.uid);
  for (const OwnerRef& owner : item.owners) {
    auto it = dependents_.find(owner.uid);
    if (it == dependents_.end()) continue;
    it->second.erase(ref);
    if (it->second.empty()) dependents_.erase(it);
  }
}

void Store::WakeLocked(TableId table) {
  for (auto& [id, subscriber] : subscribers_) {
    if (subscriber.table && *subscriber.table != table) continue;
    Unit unit;
    (void)subscriber.changed.TrySend(unit);
  }
}

Store::Subscription::Subscription(Store* store, std::optional<TableId> table) : store_(store) {
  std::lock_guard lock(store_->mu_);
  id_ = store_->next_subscriber_++;
  store_->subscribers_.emplace(id_, Subscriber{table, changed_});
}

Store::Subscription::~Subscription() {
  std::lock_guard lock(store_->mu_);
  store_->subscribers_.erase(id_);
}

}  // namespace xebec::apiserver
