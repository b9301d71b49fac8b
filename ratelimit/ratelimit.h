#pragma once

// The rate limiters, all of them.
#include "ratelimit/bucket.h"
#include "ratelimit/default.h"
#include "ratelimit/exponential.h"
#include "ratelimit/fast_slow.h"
#include "ratelimit/max_of.h"
#include "ratelimit/rate_limiter.h"
#include "ratelimit/with_max_wait.h"
