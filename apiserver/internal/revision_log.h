// The revision log: every change of every object, in the order of its revision. Watches, lists at
// an older revision and the collector are cursors into it; nothing else buffers events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "apiserver/internal/item.h"

namespace xebec::apiserver {

// A table of the store: the objects of one resource. Numbered in the order of registration.
using TableId = uint32_t;

enum class EventType : uint8_t { kAdded, kModified, kDeleted };

struct LogEvent {
  uint64_t revision = 0;
  EventType type = EventType::kAdded;
  TableId table = 0;
  ItemPtr
      item;  // as it is after the change; for kDeleted the old content at the deletion's revision
  ItemPtr previous;  // null for kAdded
};
using EventPtr = std::shared_ptr<const LogEvent>;

// What a cursor finds.
struct LogRead {
  std::vector<EventPtr> events;
  uint64_t up_to = 0;    // everything up to this revision has been seen
  bool expired = false;  // events after the cursor were dropped: 410
};

struct LogOptions {
  size_t max_events = 100'000;   // the oldest events beyond this are dropped
  size_t max_bytes = 128 << 20;  // same, by the bytes of the objects in the events
};

// Not thread-safe: the store's mutex guards it.
//
// Invariants: revisions rise by one from event to event; an event is in `all_` and in the log of
// its table, or in neither; `floor_` of a table is the revision of its last dropped event.
class RevisionLog {
 public:
  RevisionLog(LogOptions options, uint64_t first_revision);

  uint64_t revision() const { return revision_; }
  // Makes room for a table with this number.
  void AddTable(TableId table);
  // Appends an event whose revision is revision() + 1. Drops what exceeds the bounds.
  void Append(LogEvent event);

  // Events of one table after `after`, at most `limit`.
  LogRead Read(TableId table, uint64_t after, size_t limit) const;
  // Events of all tables after `after`, at most `limit`.
  LogRead ReadAll(uint64_t after, size_t limit) const;
  // Whether all events of the table after `revision` are still here.
  bool Reaches(TableId table, uint64_t revision) const;

  // Drops every event: a cursor that is not at the newest revision is expired.
  void Compact();
  size_t size() const { return all_.size(); }

 private:
  struct TableLog {
    std::deque<EventPtr> events;
    uint64_t floor = 0;
  };
  void DropOldest();

  const LogOptions options_;
  uint64_t revision_;
  uint64_t floor_;  // cursors before it are expired in every table
  size_t bytes_ = 0;
  std::deque<EventPtr> all_;
  std::deque<TableLog> tables_;
};

}  // namespace xebec::apiserver
