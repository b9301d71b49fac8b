// The apiserver room's header for users: an embedded API server, in process or over TCP.
#pragma once

#include "apiserver/faults.h"
#include "apiserver/options.h"
#include "apiserver/server.h"
