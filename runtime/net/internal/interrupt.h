#pragma once

#include "runtime/context.h"
#include "runtime/net/conn.h"

namespace xebec::runtime::net::internal {

// While it lives, the end of a context ends the waiting on a connection: its deadlines are set into
// the past. That runs under the context's lock and takes only the connection's spin locks.
class Interrupt : xebec::internal::CancelNode {
 public:
  Interrupt(const Context& ctx, Conn& conn) : ctx_(ctx), conn_(conn) {
    fn = [](CancelNode* self) { static_cast<Interrupt*>(self)->conn_.SetDeadline(1); };
    registered_ = ctx_.Register(this);
    if (!registered_) conn_.SetDeadline(1);
  }
  ~Interrupt() {
    if (registered_) ctx_.Unregister(this);
  }
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

 private:
  const Context ctx_;
  Conn& conn_;
  bool registered_;
};

}  // namespace xebec::runtime::net::internal
