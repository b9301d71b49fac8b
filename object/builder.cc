#include "object/builder.h"

#include <fmt/format.h>

#include "object/internal/access.h"
#include "object/internal/edit_tree.h"
#include "object/internal/json_writer.h"
#include "runtime/check.h"

namespace xebec::object {

using internal::EditTree;

namespace {
constexpr uint32_t kNone = EditTree::kNone;

// Whether two references name the same owner, as controller-runtime's upsert sees it.
bool SameOwner(EditTree& tree, uint32_t entry, const OwnerReference& owner) {
  auto text = [&](std::string_view key) {
    uint32_t node = tree.Find(entry, key);
    return node == kNone ? std::string_view() : tree.String(node);
  };
  if (!owner.uid.empty() && text("uid") == owner.uid) return true;
  auto group = [](std::string_view api_version) {
    return GroupVersionKind::From(api_version, "").group;
  };
  return text("name") == owner.name && text("kind") == owner.kind &&
         group(text("apiVersion")) == group(owner.api_version);
}

void WriteOwner(const Slot& slot, const OwnerReference& owner) {
  slot.Set("apiVersion", owner.api_version);
  slot.Set("kind", owner.kind);
  slot.Set("name", owner.name);
  slot.Set("uid", owner.uid);
  if (owner.controller) {
    slot.Set("controller", true);
  } else {
    slot.Remove("controller");
  }
  if (owner.block_owner_deletion) {
    slot.Set("blockOwnerDeletion", true);
  } else {
    slot.Remove("blockOwnerDeletion");
  }
}

}  // namespace

Input::Input(const Builder& b) : Input(b.root_) {}

Slot::Slot() : tree_(std::make_shared<EditTree>()), node_(0) {}

Slot Slot::operator[](std::string_view key) const { return Slot(tree_, tree_->Child(node_, key)); }

Slot Slot::Append() const {
  uint32_t size = tree_->Is(node_, Kind::kArray) ? static_cast<uint32_t>(tree_->Size(node_)) : 0;
  return Slot(tree_, tree_->Child(node_, size_t{size}));
}

void Slot::Append(const Input& input) const {
  if (EditTree::IsMissing(input)) return;
  tree_->Append(node_, tree_->NewNode(input));
}

void Slot::Set(const Path& path, const Input& input) const {
  if (EditTree::IsMissing(input)) return Remove(path);
  // The input first: it may be a copy of what the path is about to replace.
  uint32_t value = tree_->NewNode(input);
  uint32_t node = node_;
  for (const PathStep& step : path.steps()) node = tree_->Step(node, step);
  tree_->Replace(node, value);
}

void Slot::Remove(const Path& path) const {
  auto steps = path.steps();
  CHECK(!steps.empty(), "Builder: Remove needs a path");
  uint32_t parent = tree_->Follow(node_, steps.first(steps.size() - 1));
  if (parent != kNone) tree_->Remove(parent, steps.back());
}

bool Slot::Has(std::string_view key) const { return tree_->Find(node_, key) != kNone; }

std::string Slot::Json() const {
  std::string out;
  tree_->AppendJson(node_, &out);
  return out;
}

Object Slot::Build() const {
  CHECK(tree_->Is(node_, Kind::kObject), "Build of something that is no JSON object");
  return internal::Access::MakeObject(tree_->Build(node_));
}

Builder::Builder() = default;
Builder::Builder(const Object& object) {
  if (!object.IsNull()) root_.tree_->Assign(0, Input(object.root()));
}
Builder::Builder(const Value& value) {
  if (!value.IsMissing()) root_.tree_->Assign(0, Input(value));
}
Builder::Builder(const GroupVersionKind& gvk) {
  Set("apiVersion", gvk.APIVersion());
  Set("kind", gvk.kind);
}

Builder::Builder(const Builder& other)
    : root_(std::make_shared<EditTree>(*other.root_.tree_), other.root_.node_) {}
Builder& Builder::operator=(const Builder& other) {
  if (this != &other) *this = Builder(other);
  return *this;
}

Builder& Builder::Set(const Path& path, const Input& input) {
  root_.Set(path, input);
  return *this;
}

Builder& Builder::Append(const Path& path, const Input& input) {
  if (EditTree::IsMissing(input)) return *this;
  EditTree& tree = *root_.tree_;
  uint32_t value = tree.NewNode(input);
  uint32_t node = root_.node_;
  for (const PathStep& step : path.steps()) node = tree.Step(node, step);
  tree.Append(node, value);
  return *this;
}

Builder& Builder::Remove(const Path& path) {
  root_.Remove(path);
  return *this;
}

bool Builder::Has(const Path& path) const {
  return root_.tree_->Follow(root_.node_, path.steps()) != kNone;
}

std::string_view Builder::GetString(const Path& path) const {
  uint32_t node = root_.tree_->Follow(root_.node_, path.steps());
  return node == kNone ? std::string_view() : root_.tree_->String(node);
}

Builder& Builder::SetName(std::string_view name) { return Set({"metadata", "name"}, name); }
Builder& Builder::SetGenerateName(std::string_view prefix) {
  return Set({"metadata", "generateName"}, prefix);
}
Builder& Builder::SetNamespace(std::string_view ns) { return Set({"metadata", "namespace"}, ns); }
Builder& Builder::SetUid(std::string_view uid) { return Set({"metadata", "uid"}, uid); }
Builder& Builder::SetResourceVersion(std::string_view rv) {
  if (rv.empty()) return Remove({"metadata", "resourceVersion"});
  return Set({"metadata", "resourceVersion"}, rv);
}
Builder& Builder::SetLabel(std::string_view key, std::string_view value) {
  return Set({"metadata", "labels", key}, value);
}
Builder& Builder::RemoveLabel(std::string_view key) { return Remove({"metadata", "labels", key}); }
Builder& Builder::SetAnnotation(std::string_view key, std::string_view value) {
  return Set({"metadata", "annotations", key}, value);
}
Builder& Builder::RemoveAnnotation(std::string_view key) {
  return Remove({"metadata", "annotations", key});
}

bool Builder::AddFinalizer(std::string_view finalizer) {
  EditTree& tree = *root_.tree_;
  const PathStep steps[] = {"metadata", "finalizers"};
  uint32_t list = tree.Follow(root_.node_, steps);
  if (list != kNone) {
    for (size_t i = 0; i < tree.Size(list); ++i) {
      if (tree.String(tree.Find(list, i)) == finalizer) return false;
    }
  }
  Append({"metadata", "finalizers"}, finalizer);
  return true;
}

bool Builder::RemoveFinalizer(std::string_view finalizer) {
  EditTree& tree = *root_.tree_;
  const PathStep steps[] = {"metadata", "finalizers"};
  uint32_t list = tree.Follow(root_.node_, steps);
  if (list == kNone) return false;
  bool changed = false;
  for (size_t i = tree.Size(list); i-- > 0;) {
    if (tree.String(tree.Find(list, i)) == finalizer) changed |= tree.Remove(list, i);
  }
  if (changed && tree.Size(list) == 0) Remove({"metadata", "finalizers"});
  return changed;
}

Builder& Builder::SetOwnerReference(const OwnerReference& owner) {
  EditTree& tree = *root_.tree_;
  Slot list = root_["metadata"]["ownerReferences"];
  for (size_t i = 0; i < tree.Size(list.node_); ++i) {
    uint32_t entry = tree.Find(list.node_, i);
    if (entry != kNone && SameOwner(tree, entry, owner)) {
      WriteOwner(Slot(root_.tree_, entry), owner);
      return *this;
    }
  }
  WriteOwner(list.Append(), owner);
  return *this;
}

Builder& Builder::RemoveOwnerReference(std::string_view uid) {
  EditTree& tree = *root_.tree_;
  const PathStep steps[] = {"metadata", "ownerReferences"};
  uint32_t list = tree.Follow(root_.node_, steps);
  if (list == kNone) return *this;
  for (size_t i = tree.Size(list); i-- > 0;) {
    uint32_t node = tree.Find(tree.Find(list, i), "uid");
    if (node != kNone && tree.String(node) == uid) tree.Remove(list, i);
  }
  if (tree.Size(list) == 0) Remove({"metadata", "ownerReferences"});
  return *this;
}

OwnerReference ControllerReferenceTo(const Object& owner) {
  return {std::string(owner.api_version()),
          std::string(owner.kind()),
          std::string(owner.name()),
          std::string(owner.uid()),
          true,
          true};
}

Result<void> Builder::SetControllerReference(const Object& owner) {
  if (owner.kind().empty() || owner.name().empty() || owner.uid().empty()) {
    return Error::InvalidInput(
        fmt::format("set controller reference: the owner {} {} needs a kind, a name and a uid",
                    owner.kind(), owner.key().ToString()));
  }
  std::string_view ns = GetString({"metadata", "namespace"});
  if (!owner.ns().empty() && owner.ns() != ns) {
    return Error::InvalidInput(fmt::format(
        "set controller reference: the owner {} {} is in namespace \"{}\", the object in \"{}\"",
        owner.kind(), owner.name(), owner.ns(), ns));
  }
  OwnerReference reference = ControllerReferenceTo(owner);
  EditTree& tree = *root_.tree_;
  const PathStep steps[] = {"metadata", "ownerReferences"};
  uint32_t list = tree.Follow(root_.node_, steps);
  for (size_t i = 0; list != kNone && i < tree.Size(list); ++i) {
    uint32_t entry = tree.Find(list, i);
    uint32_t controller = tree.Find(entry, "controller");
    if (controller == kNone || !tree.Bool(controller) || SameOwner(tree, entry, reference)) {
      continue;
    }
    auto text = [&](std::string_view key) {
      uint32_t node = tree.Find(entry, key);
      return node == kNone ? std::string() : std::string(tree.String(node));
    };
    Error error(
        "AlreadyExists", 0,
        fmt::format("the object is controlled by {} {} already", text("kind"), text("name")));
    error.details.kind = text("kind");
    error.details.name = text("name");
    error.details.uid = text("uid");
    return error;
  }
  SetOwnerReference(reference);
  return {};
}

}  // namespace xebec::object
