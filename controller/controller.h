// What a controller is written with: a manager, a builder and a reconciler.
#pragma once

#include "controller/builder.h"         // IWYU pragma: export
#include "controller/health.h"          // IWYU pragma: export
#include "controller/manager.h"         // IWYU pragma: export
#include "controller/predicate.h"       // IWYU pragma: export
#include "controller/reconcile_loop.h"  // IWYU pragma: export
#include "controller/reconciler.h"      // IWYU pragma: export
#include "controller/request.h"         // IWYU pragma: export
