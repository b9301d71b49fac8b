// The managed heap's vocabulary. docs/heap.md teaches it in ten minutes.
//
//   Make<T>(...)   a new object; MakeBlob, MakeArray: bytes, elements
//   Ref<T>         on fiber stacks
//   Member<T>      in managed objects, listed by XEBEC_GC_MEMBERS
//   Root<T>        anywhere else
//   Weak<T>        does not keep alive
#pragma once

#include "runtime/heap/array.h"    // IWYU pragma: export
#include "runtime/heap/control.h"  // IWYU pragma: export
#include "runtime/heap/make.h"     // IWYU pragma: export
#include "runtime/heap/map.h"      // IWYU pragma: export
#include "runtime/heap/member.h"   // IWYU pragma: export
#include "runtime/heap/ref.h"      // IWYU pragma: export
#include "runtime/heap/root.h"     // IWYU pragma: export
#include "runtime/heap/vector.h"   // IWYU pragma: export
#include "runtime/heap/weak.h"     // IWYU pragma: export
