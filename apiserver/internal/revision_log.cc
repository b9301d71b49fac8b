#include "apiserver/internal/revision_log.h"

#include <algorithm>
#include <utility>

#include "runtime/check.h"

namespace xebec::apiserver {
namespace {

size_t Cost(const LogEvent& event) { return sizeof(LogEvent) + event.item->bytes.size(); }

LogRead ReadFrom(const std::deque<EventPtr>& events, uint64_t after, size_t limit,
                 uint64_t revision) {
  LogRead out;
  auto it =
      std::upper_bound(events.begin(), events.end(), after,
                       [](uint64_t at, const EventPtr& event) { return at < event->revision; });
  const size_t left = static_cast<size_t>(events.end() - it);
  const size_t take = std::min(limit, left);
  out.events.assign(it, it + static_cast<ptrdiff_t>(take));
  out.up_to = take < left ? out.events.back()->revision : std::max(after, revision);
  return out;
}

}  // namespace

RevisionLog::RevisionLog(LogOptions options, uint64_t first_revision)
    : options_(options), revision_(first_revision), floor_(first_revision) {}

void RevisionLog::AddTable(TableId table) {
  if (tables_.size() <= table) tables_.resize(table + 1);
}

void RevisionLog::Append(LogEvent event) {
  CHECK(event.revision == revision_ + 1);
  revision_ = event.revision;
  bytes_ += Cost(event);
  auto shared = std::make_shared<const LogEvent>(std::move(event));
  tables_[shared->table].events.push_back(shared);
  all_.push_back(std::move(shared));
  while (all_.size() > 1 && (all_.size() > options_.max_events || bytes_ > options_.max_bytes)) {
    DropOldest();
  }
}

LogRead RevisionLog::Read(TableId table, uint64_t after, size_t limit) const {
  if (!Reaches(table, after)) {
    LogRead out;
    out.expired = true;
    return out;
  }
  return ReadFrom(tables_[table].events, after, limit, revision_);
}

LogRead RevisionLog::ReadAll(uint64_t after, size_t limit) const {
  const uint64_t oldest = all_.empty() ? revision_ + 1 : all_.front()->revision;
  if (after + 1 < oldest) {
    LogRead out;
    out.expired = true;
    return out;
  }
  return ReadFrom(all_, after, limit, revision_);
}

bool RevisionLog::Reaches(TableId table, uint64_t revision) const {
  return revision >= floor_ && revision >= tables_[table].floor;
}

void RevisionLog::Compact() {
  floor_ = revision_;
  while (!all_.empty()) DropOldest();
}

void RevisionLog::DropOldest() {
  const EventPtr event = std::move(all_.front());
  all_.pop_front();
  bytes_ -= Cost(*event);
  TableLog& table = tables_[event->table];
  table.floor = event->revision;
  table.events.pop_front();
}

}  // namespace xebec::apiserver
