#pragma once

#include <string_view>

#include "object/object.h"
#include "runtime/result.h"

namespace xebec::object {

inline constexpr std::string_view kProtobufContentType = "application/vnd.kubernetes.protobuf";

// Whether the body starts as Kubernetes' protobuf does: "k8s\0".
bool IsProtobuf(std::string_view body);

// Decodes a request body of that type (an envelope, runtime.Unknown, around one object) into the
// object that the same request in JSON would have made. Fiber only. Fails: InvalidInput on
// malformed bytes; UnsupportedMediaType (415) on a kind without field numbers in object/api.
Result<Object> DecodeProtobuf(std::string_view body);

}  // namespace xebec::object
