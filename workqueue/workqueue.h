#pragma once

// The work queues, all of them.
#include "workqueue/delaying_queue.h"
#include "workqueue/order.h"
#include "workqueue/queue.h"
#include "workqueue/rate_limiting_queue.h"
