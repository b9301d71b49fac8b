// Caches of a server's objects, and who is told of their changes.
#pragma once

#include "informer/event_handler.h"    // IWYU pragma: export
#include "informer/factory.h"          // IWYU pragma: export
#include "informer/indexer.h"          // IWYU pragma: export
#include "informer/list_watcher.h"     // IWYU pragma: export
#include "informer/lister.h"           // IWYU pragma: export
#include "informer/reflector.h"        // IWYU pragma: export
#include "informer/shared_informer.h"  // IWYU pragma: export
