#include "object/internal/edit_tree.h"

#include <algorithm>
#include <cstring>

#include "object/internal/access.h"
#include "object/internal/utf8.h"
#include "runtime/check.h"

namespace xebec::object::internal {

EditTree::EditTree() {
  nodes_.emplace_back();
  nodes_[0].type = Type::kObject;
}

uint32_t EditTree::Add(Node node) {
  nodes_.push_back(std::move(node));
  return static_cast<uint32_t>(nodes_.size() - 1);
}

uint32_t EditTree::AddSource(const gc::Ref<gc::Blob>& blob) {
  for (size_t i = sources_.size(); i-- > 0;) {
    if (sources_[i].get() == blob.get()) return static_cast<uint32_t>(i);
  }
  sources_.emplace_back(blob);
  return static_cast<uint32_t>(sources_.size() - 1);
}

uint32_t EditTree::NewNode(const Input& input) {
  uint32_t node = Add({});
  Assign(node, input);
  return node;
}

void EditTree::Assign(uint32_t at, const Input& input) {
  Node n;
  switch (input.type_) {
    case Input::Type::kNull:
      break;
    case Input::Type::kBool:
      n.type = Type::kBool;
      n.number = input.int_;
      break;
    case Input::Type::kInt:
      n.type = Type::kInt;
      n.number = input.int_;
      break;
    case Input::Type::kUint:
      n.type = Type::kUint;
      n.number = input.int_;
      break;
    case Input::Type::kDouble:
      n.type = Type::kDouble;
      std::memcpy(&n.number, &input.double_, 8);
      break;
    case Input::Type::kString:
      n.type = Type::kString;
      n.text = input.string_;
      break;
    case Input::Type::kValue:
      if (input.value_.IsMissing()) break;
      n.type = Type::kShared;
      n.source = AddSource(Access::Rep(input.value_));
      n.pos = Access::Pos(input.value_);
      break;
    case Input::Type::kSlot: {
      const auto* slot = static_cast<const Slot*>(input.pointer_);
      uint32_t copy = CopyFrom(*slot->tree_, slot->node_);
      n = std::move(nodes_[copy]);
      break;
    }
    case Input::Type::kStrings:
      n.type = Type::kArray;
      for (const auto& s : *static_cast<const std::vector<std::string>*>(input.pointer_)) {
        n.children.push_back({"", NewNode(Input(s))});
      }
      break;
    case Input::Type::kStringMap:
      n.type = Type::kObject;
      for (const auto& [key, s] :
           *static_cast<const std::map<std::string, std::string>*>(input.pointer_)) {
        n.children.push_back({key, NewNode(Input(s))});
      }
      break;
  }
  nodes_[at] = std::move(n);
}

uint32_t EditTree::CopyFrom(const EditTree& other, uint32_t node) {
  Node n = other.nodes_[node];  // a copy: other may be this tree
  if (n.type == Type::kShared && &other != this) {
    gc::Ref<gc::Blob> blob = other.sources_[n.source];
    n.source = AddSource(blob);
  }
  for (Child_& child : n.children) child.node = CopyFrom(other, child.node);
  return Add(std::move(n));
}

void EditTree::Expand(uint32_t node) {
  if (nodes_[node].type != Type::kShared) return;
  const uint32_t source = nodes_[node].source;
  TapeReader tape = Reader(nodes_[node]);
  uint32_t cell = tape.Cell(nodes_[node].pos);
  Tag tag = TagOf(cell);
  if (tag < Tag::kArray) return;
  uint32_t count = tape.Count(cell), first = TapeReader::First(cell);
  std::vector<Child_> children;
  children.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    Node child;
    child.type = Type::kShared;
    child.source = source;
    child.pos = tag == Tag::kArray ? first + i : first + count + i;
    std::string key = tag == Tag::kArray ? std::string() : std::string(tape.String(first + i));
    children.push_back({std::move(key), Add(std::move(child))});
  }
  nodes_[node].type = tag == Tag::kArray ? Type::kArray : Type::kObject;
  nodes_[node].children = std::move(children);
}

void EditTree::Become(uint32_t node, Type type) {
  Expand(node);
  if (nodes_[node].type == type) return;
  nodes_[node] = Node{};
  nodes_[node].type = type;
}

uint32_t EditTree::Find(uint32_t node, std::string_view key) {
  Expand(node);
  const Node& n = nodes_[node];
  if (n.type != Type::kObject) return kNone;
  for (const Child_& child : n.children) {
    if (child.key == key) return child.node;
  }
  return kNone;
}

uint32_t EditTree::Find(uint32_t node, size_t index) {
  Expand(node);
  const Node& n = nodes_[node];
  if (n.type != Type::kArray || index >= n.children.size()) return kNone;
  return n.children[index].node;
}

uint32_t EditTree::Child(uint32_t node, std::string_view key) {
  Become(node, Type::kObject);
  uint32_t found = Find(node, key);
  if (found != kNone) return found;
  Node child;
  child.type = Type::kObject;
  uint32_t added = Add(std::move(child));
  nodes_[node].children.push_back({IsUtf8(key) ? std::string(key) : MendUtf8(key), added});
  return added;
}

uint32_t EditTree::Child(uint32_t node, size_t index) {
  Become(node, Type::kArray);
  size_t size = nodes_[node].children.size();
  CHECK(index <= size, "Builder: index {} of an array of {}", index, size);
  if (index < size) return nodes_[node].children[index].node;
  Node child;
  child.type = Type::kObject;
  return Append(node, Add(std::move(child)));
}

uint32_t EditTree::Append(uint32_t node, uint32_t child) {
  Become(node, Type::kArray);
  nodes_[node].children.push_back({"", child});
  return child;
}

bool EditTree::Remove(uint32_t node, const PathStep& step) {
  Expand(node);
  Node& n = nodes_[node];
  if (step.is_index) {
    if (n.type != Type::kArray || step.index >= n.children.size()) return false;
    n.children.erase(n.children.begin() + static_cast<ptrdiff_t>(step.index));
    return true;
  }
  return n.type == Type::kObject &&
         std::erase_if(n.children, [&](const Child_& c) { return c.key == step.key; }) > 0;
}

uint32_t EditTree::Follow(uint32_t node, std::span<const PathStep> steps) {
  for (const PathStep& step : steps) {
    node = step.is_index ? Find(node, step.index) : Find(node, step.key);
    if (node == kNone) break;
  }
  return node;
}

size_t EditTree::Size(uint32_t node) {
  Expand(node);
  return nodes_[node].children.size();
}

bool EditTree::Is(uint32_t node, Kind container) const {
  const Node& n = nodes_[node];
  if (n.type == Type::kShared) {
    Tag tag = TagOf(Reader(n).Cell(n.pos));
    return container == Kind::kArray ? tag == Tag::kArray : IsObjectTag(tag);
  }
  return n.type == (container == Kind::kArray ? Type::kArray : Type::kObject);
}

std::string_view EditTree::String(uint32_t node) const {
  const Node& n = nodes_[node];
  if (n.type == Type::kString) return n.text;
  if (n.type != Type::kShared) return {};
  TapeReader tape = Reader(n);
  return IsStringTag(TagOf(tape.Cell(n.pos))) ? tape.String(n.pos) : std::string_view();
}

bool EditTree::Bool(uint32_t node) const {
  const Node& n = nodes_[node];
  if (n.type == Type::kBool) return n.number != 0;
  return n.type == Type::kShared && TagOf(Reader(n).Cell(n.pos)) == Tag::kTrue;
}

bool EditTree::WriteShared(const Node& n, TapeWriter* out, int depth) const {
  TapeReader tape = Reader(n);
  if (depth + TapeDepth(tape, n.pos) > kMaxDepth) return false;
  out->Copy(tape, n.pos);
  return true;
}

bool EditTree::WriteNode(uint32_t node, TapeWriter* out, int depth) const {
  const Node& n = nodes_[node];
  switch (n.type) {
    case Type::kNull:
      out->Null();
      return true;
    case Type::kBool:
      out->Bool(n.number != 0);
      return true;
    case Type::kInt:
      out->Int(n.number);
      return true;
    case Type::kUint:
      out->Uint(static_cast<uint64_t>(n.number));
      return true;
    case Type::kDouble: {
      double d;
      std::memcpy(&d, &n.number, 8);
      out->Double(d);
      return true;
    }
    case Type::kString:
      out->Text(n.text);
      return true;
    case Type::kShared:
      return WriteShared(n, out, depth);
    case Type::kArray:
    case Type::kObject:
      break;
  }
  if (depth >= kMaxDepth) return false;
  bool object = n.type == Type::kObject;
  object ? out->BeginObject() : out->BeginArray();
  for (const Child_& child : n.children) {
    if (object) out->Key(child.key);
    if (!WriteNode(child.node, out, depth + 1)) return false;
  }
  if (!object) {
    out->EndArray();
    return true;
  }
  return out->EndObject();
}

gc::Ref<gc::Blob> EditTree::Build(uint32_t node) const {
  TapeWriter writer;
  // The sources stay alive by their Roots; the tape is read through raw pointers.
  bool fits = gc::Unmanaged([&] {
    if (!Write(node, &writer) || writer.too_large()) return false;
    writer.Seal();
    return true;
  });
  CHECK(fits, "Builder: the object is nested deeper than {} levels or larger than 256 MiB",
        kMaxDepth);
  return writer.Finish();
}

void EditTree::AppendJson(uint32_t node, std::string* out) const {
  TapeWriter writer;
  CHECK(Write(node, &writer), "Builder: the object is nested deeper than {} levels", kMaxDepth);
  writer.AppendJson(out);
}

}  // namespace xebec::object::internal
