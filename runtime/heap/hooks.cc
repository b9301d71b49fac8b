#include "runtime/heap/hooks.h"

namespace xebec::runtime::heap {

PCache* NewPCache() { return nullptr; }
void FreePCache(PCache*) {}

}  // namespace xebec::runtime::heap
