// What a Builder changes: a tree in C++ memory whose untouched parts stay in the objects that they
// come from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "object/builder.h"
#include "object/internal/tape.h"
#include "object/internal/tape_writer.h"
#include "runtime/heap/gc.h"

namespace xebec::object::internal {

// Nodes are named by their index and never move or go away before the tree does: a removed one is
// only no longer reachable. A shared node stands for a value of a source object; Expand turns it
// into a container whose children are shared. For one fiber at a time.
class EditTree {
 public:
  EditTree();  // node 0 is {}
  static constexpr uint32_t kNone = ~0u;

  // Makes `node` (or a new one) hold the input. A Missing input makes kNone of NewNode.
  void Assign(uint32_t node, const Input& input);
  uint32_t NewNode(const Input& input);
  static bool IsMissing(const Input& input) {
    return input.type_ == Input::Type::kValue && input.value_.IsMissing();
  }

  // The child of an object; kNone where there is none. Does not expand beyond this node.
  uint32_t Find(uint32_t node, std::string_view key);
  uint32_t Find(uint32_t node, size_t index);
  // The child, made (an empty object) where it is missing; a node of another type is replaced.
  uint32_t Child(uint32_t node, std::string_view key);
  uint32_t Child(uint32_t node, size_t index);
  uint32_t Step(uint32_t node, const PathStep& step) {
    return step.is_index ? Child(node, step.index) : Child(node, step.key);
  }
  uint32_t Append(uint32_t node, uint32_t child);
  bool Remove(uint32_t node, const PathStep& step);
  // Follows a path as far as it exists.
  uint32_t Follow(uint32_t node, std::span<const PathStep> steps);

  // Makes `node` what `from` is; `from` is left empty.
  void Replace(uint32_t node, uint32_t from) { nodes_[node] = std::move(nodes_[from]); }

  size_t Size(uint32_t node);
  bool Is(uint32_t node, Kind container) const;  // kArray or kObject
  std::string_view String(uint32_t node) const;  // "" unless a string; valid until the next change
  bool Bool(uint32_t node) const;

  // Writes the node; false where it is nested deeper than kMaxDepth.
  bool Write(uint32_t node, TapeWriter* out) const { return WriteNode(node, out, 0); }
  // Fiber only; a Panic where Write fails.
  gc::Ref<gc::Blob> Build(uint32_t node) const;
  void AppendJson(uint32_t node, std::string* out) const;

 private:
  enum class Type : uint8_t {
    kNull,
    kBool,
    kInt,
    kUint,
    kDouble,
    kString,
    kShared,
    kArray,
    kObject
  };
  struct Child_ {
    std::string key;  // empty in an array
    uint32_t node;
  };
  struct Node {
    Type type = Type::kNull;
    uint32_t source = 0;  // kShared: which object
    uint32_t pos = 0;     // kShared: where in it
    int64_t number = 0;   // kBool, kInt, kUint; the bits of a kDouble
    std::string text;     // kString
    std::vector<Child_> children;
  };

  uint32_t Add(Node node);
  uint32_t AddSource(const gc::Ref<gc::Blob>& blob);
  TapeReader Reader(const Node& n) const { return TapeReader(sources_[n.source].get()->data()); }
  void Expand(uint32_t node);
  void Become(uint32_t node, Type type);
  uint32_t CopyFrom(const EditTree& other, uint32_t node);
  bool WriteNode(uint32_t node, TapeWriter* out, int depth) const;
  bool WriteShared(const Node& n, TapeWriter* out, int depth) const;

  std::vector<Node> nodes_;
  std::vector<gc::Root<gc::Blob>> sources_;
};

}  // namespace xebec::object::internal
