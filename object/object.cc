#include "object/object.h"

#include "object/builder.h"
#include "object/internal/access.h"
#include "object/internal/equal.h"
#include "object/internal/json_writer.h"
#include "object/internal/parser.h"
#include "object/view.h"
#include "runtime/panic.h"

namespace xebec::object {

using internal::TapeReader;

namespace {

std::string_view HeaderString(gc::Blob* blob, internal::HeaderWord word) {
  TapeReader tape(blob->data());
  uint32_t pos = tape.Header(word);
  return pos == 0 ? std::string_view() : tape.String(pos);
}

OwnerReference ReadOwner(const Value& v) {
  return {std::string(v["apiVersion"].AsString()),
          std::string(v["kind"].AsString()),
          std::string(v["name"].AsString()),
          std::string(v["uid"].AsString()),
          v["controller"].AsBool(),
          v["blockOwnerDeletion"].AsBool()};
}

}  // namespace

bool Metadata::HasFinalizer(std::string_view finalizer) const {
  for (Value v : finalizers().Elements()) {
    if (v.AsString() == finalizer) return true;
  }
  return false;
}

std::vector<OwnerReference> Metadata::Owners() const {
  std::vector<OwnerReference> owners;
  for (Value v : owner_references().Elements()) owners.push_back(ReadOwner(v));
  return owners;
}

std::optional<OwnerReference> Metadata::ControllerOwner() const {
  for (Value v : owner_references().Elements()) {
    if (v["controller"].AsBool()) return ReadOwner(v);
  }
  return std::nullopt;
}

bool Metadata::IsControlledBy(std::string_view uid) const {
  for (Value v : owner_references().Elements()) {
    if (v["controller"].AsBool()) return v["uid"].AsString() == uid;
  }
  return false;
}

std::optional<Time> Metadata::creation_timestamp() const {
  return internal::ReadTime(value_["creationTimestamp"]);
}
std::optional<Time> Metadata::deletion_timestamp() const {
  return internal::ReadTime(value_["deletionTimestamp"]);
}

gc::Blob* Object::Checked() const {
  gc::Blob* blob = rep_.get();
  if (blob == nullptr) [[unlikely]] {
    runtime::ThrowPanic("access to a null Object: it was never assigned, or it was moved from");
  }
  return blob;
}

Result<Object> Object::Parse(std::string_view json, const ParseOptions& options) {
  return internal::ParseObject(json, options);
}

Value Object::root() const {
  gc::Blob* blob = Checked();
  uint32_t root = TapeReader(blob->data()).Header(internal::kRoot);
  return internal::Access::MakeValue(rep_.ref(), root);
}

Metadata Object::metadata() const {
  gc::Blob* blob = Checked();
  uint32_t pos = TapeReader(blob->data()).Header(internal::kMetadata);
  return Metadata(pos == 0 ? Value() : internal::Access::MakeValue(rep_.ref(), pos));
}

std::string_view Object::api_version() const {
  return HeaderString(Checked(), internal::kApiVersion);
}
std::string_view Object::kind() const { return HeaderString(Checked(), internal::kKind); }
std::string_view Object::name() const { return HeaderString(Checked(), internal::kName); }
std::string_view Object::ns() const { return HeaderString(Checked(), internal::kNamespace); }
std::string_view Object::uid() const { return HeaderString(Checked(), internal::kUid); }
std::string_view Object::resource_version() const {
  return HeaderString(Checked(), internal::kResourceVersion);
}

std::string Object::Json() const {
  std::string out;
  AppendJson(&out);
  return out;
}

void Object::AppendJson(std::string* out) const {
  TapeReader tape(Checked()->data());
  internal::AppendJson(tape, tape.Header(internal::kRoot), out);
}

size_t Object::SizeBytes() const { return Checked()->size(); }

Builder Object::Edit() const { return Builder(*this); }

bool operator==(const Object& a, const Object& b) {
  if (a.SameAs(b)) return true;
  if (a.IsNull() || b.IsNull()) return false;
  TapeReader ta(a.Checked()->data()), tb(b.Checked()->data());
  return internal::DeepEqual(ta, ta.Header(internal::kRoot), tb, tb.Header(internal::kRoot));
}

}  // namespace xebec::object
