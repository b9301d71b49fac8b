// Objects as answers: as they are, as Tables, or as metadata alone; one, a list, or a watch's
// event.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apiserver/internal/item.h"
#include "apiserver/internal/request.h"
#include "apiserver/internal/resource.h"
#include "apiserver/internal/store.h"

namespace xebec::apiserver {

// For one request; used by its fiber only.
class Renderer {
 public:
  // `include_object` is a Table's includeObject: "", Metadata, Object or None.
  Renderer(ResourcePtr resource, Accepted accepted, std::string include_object);

  std::string One(const Item& item) const;
  // `continue_token` is empty at the list's end.
  std::string List(const ListPage& page, std::string_view continue_token) const;
  // Appends one line of a watch. The first event of a Table watch carries the columns.
  void AppendEvent(std::string& out, std::string_view type, const Item& item);
  // Appends a bookmark; `initial_end` annotates it as the end of the initial events.
  void AppendBookmark(std::string& out, uint64_t revision, bool initial_end);

 private:
  void AppendObject(std::string& out, const Item& item, bool typed) const;
  void AppendPartial(std::string& out, const Item& item) const;
  std::string TableHead(std::string_view metadata, bool columns) const;
  void AppendRow(std::string& out, const Item& item) const;

  const ResourcePtr resource_;
  const Accepted accepted_;
  const std::string include_object_;
  bool columns_sent_ = false;
};

// "5s", "3m12s", "2d": how long something lasts, as kubectl shows ages.
std::string HumanDuration(int64_t seconds);

// Appends one line of a watch with the Status of an error.
void AppendErrorEvent(std::string& out, const Error& error);

}  // namespace xebec::apiserver
