"""Writes the C++ header of a schema: views and builders."""

import re

# Keywords, and what GCC defines as macros under -std=gnu++23.
KEYWORDS = set(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl
    concept const consteval constexpr constinit continue co_await co_return co_yield decltype default
    delete do double dynamic_cast else enum explicit export extern false float for friend goto if
    inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private
    protected public register reinterpret_cast requires return short signed sizeof static
    static_assert struct switch template this thread_local throw true try typedef typeid typename
    union unsigned using virtual void volatile wchar_t while xor xor_eq linux unix""".split())

def words(json_name):
    """podIPs -> [pod, IPs]; a run of capitals is one word, with a plural's s."""
    name = json_name.lstrip("$")
    out = []
    for part in re.split(r"[^A-Za-z0-9]+", name):
        out += re.findall(r"[A-Z]+s(?![a-z])|[A-Z]+(?![a-z])\d*|[A-Z]?[a-z0-9]+|[A-Z]", part)
    return out


def snake(json_name):
    name = "_".join(w.lower() for w in words(json_name))
    return name + "_" if name in KEYWORDS else name


def pascal(json_name):
    """podIP -> PodIP: the JSON name with its first letter raised, as in Go."""
    parts = [p for p in re.split(r"[^A-Za-z0-9]+", json_name) if p]
    return "".join(p[0].upper() + p[1:] for p in parts)


SCALAR_VIEW = {
    "string": "std::string_view", "int32": "int32_t", "int64": "int64_t", "bool": "bool",
    "double": "double", "bytes": "object::Bytes", "time": "std::optional<object::Time>",
    "microTime": "std::optional<object::Time>", "quantity": "object::Quantity",
    "intOrString": "object::IntOrString", "raw": "object::Value", "any": "object::Value",
}
# How a builder takes one: the parameter, and what is given to Set.
SCALAR_INPUT = {
    "string": [("std::string_view v", "v")],
    "int32": [("int32_t v", "v")],
    "int64": [("int64_t v", "v")],
    "bool": [("bool v", "v")],
    "double": [("double v", "v")],
    "bytes": [("std::string_view bytes", "object::EncodeBase64(bytes)")],
    "time": [("const object::Time& v", "v.ToString()")],
    "microTime": [("const object::Time& v", "v.ToMicroString()")],
    "quantity": [("std::string_view v", "v"), ("const object::Quantity& v", "v.ToString()")],
    "intOrString": [("int32_t v", "v"), ("std::string_view v", "v")],
    "raw": [("const object::Input& v", "v")],
    "any": [("const object::Input& v", "v")],
}


class Header:
    def __init__(self, schema, universe):
        self.schema = schema
        self.universe = universe
        self.lines = []
        self.includes = set()

    def emit(self, line=""):
        self.lines.append(line)

    def cpp_type(self, home, field):
        found = self.universe.find(home, field)
        if found is None:
            return SCALAR_VIEW[field.type]
        where, struct = found
        if where is not self.schema:
            self.includes.add(f"object/api/{where.package}/{where.version}.h")
            return f"api::{where.package}::{where.version}::{struct.name}"
        return struct.name

    def getter(self, home, field, access):
        name = snake(field.name)
        if field.type == "meta.v1.ObjectMeta" or (
                field.type == "ObjectMeta" and home.package == "meta"):
            self.emit(f"  object::Metadata {name}() const {{ "
                      f"return object::Metadata({access}[\"{field.name}\"]); }}")
            return
        cpp = self.cpp_type(home, field)
        if field.container:
            cpp = f"object::{field.container.capitalize()}View<{cpp}>"
            body = f"{cpp}({access}[\"{field.name}\"])"
        elif field.type == "string":
            body = f"{access}[\"{field.name}\"].AsString()"
        elif field.type in ("int32", "int64", "bool", "double"):
            body = f"object::As<{cpp}>({access}[\"{field.name}\"])"
        elif field.type in ("raw", "any"):
            body = f"{access}[\"{field.name}\"]"
        else:
            body = f"object::As<{cpp}>({access}[\"{field.name}\"])"
        self.emit(f"  {cpp} {name}() const {{ return {body}; }}")

    def setter(self, home, field, self_type):
        name, key = pascal(field.name), field.name
        found = self.universe.find(home, field)
        ret = f"{self_type}&"
        if field.container == "" and found is None:
            for parameter, value in SCALAR_INPUT[field.type]:
                self.emit(f"  {ret} Set{name}({parameter}) {{ return Put_(\"{key}\", {value}); }}")
            return
        self.emit(f"  {ret} Set{name}(const object::Input& v) {{ return Put_(\"{key}\", v); }}")
        inner = None if found is None else self.cpp_type(home, field) + "::Builder"
        if field.container == "":
            self.emit(f"  {inner} {snake(key)}() {{ return {inner}(At_(\"{key}\")); }}")
        elif field.container == "list" and found is not None:
            self.emit(f"  {inner} Add{name}() {{ return {inner}(Add_(\"{key}\")); }}")
            self.emit(f"  {ret} Add{name}(const object::Input& v) {{ return Add_(\"{key}\", v); }}")
        elif field.container == "list":
            for parameter, value in SCALAR_INPUT[field.type]:
                self.emit(f"  {ret} Add{name}({parameter}) {{ return Add_(\"{key}\", {value}); }}")
        elif found is not None:
            self.emit(f"  {inner} Put{name}(std::string_view k) {{ "
                      f"return {inner}(At_(\"{key}\")[k]); }}")
        else:
            for parameter, value in SCALAR_INPUT[field.type]:
                self.emit(f"  {ret} Put{name}(std::string_view k, {parameter}) {{ "
                          f"return Put_(\"{key}\", k, {value}); }}")

    def struct(self, struct):
        name = struct.name
        fields = list(self.universe.flat_fields(self.schema, struct))
        self.emit(f"class {name} : public object::View {{")
        self.emit(" public:")
        self.emit("  class Builder;")
        self.emit("  using View::View;")
        for home, field in fields:
            self.getter(home, field, "(*this)")
        self.emit("};")
        self.emit(f"class {name}::Builder : public object::StructBuilder<{name}::Builder> {{")
        self.emit(" public:")
        self.emit("  using StructBuilder::StructBuilder;")
        for home, field in fields:
            self.setter(home, field, "Builder")
        self.emit("};")
        self.emit()

    def kind(self, kind, crd_json):
        s = self.schema
        fields = list(self.universe.flat_fields(s, kind))
        self.emit(f"class {kind.name} : public object::TypedObject {{")
        self.emit(" public:")
        self.emit("  class Builder;")
        self.emit(f"  static constexpr std::string_view kGroup = \"{s.group}\";")
        self.emit(f"  static constexpr std::string_view kVersion = \"{s.version}\";")
        api_version = f"{s.group}/{s.version}" if s.group else s.version
        self.emit(f"  static constexpr std::string_view kApiVersion = \"{api_version}\";")
        self.emit(f"  static constexpr std::string_view kKind = \"{kind.name}\";")
        self.emit(f"  static constexpr std::string_view kResource = \"{kind.plural}\";")
        self.emit(f"  static constexpr bool kNamespaced = {'true' if kind.namespaced else 'false'};")
        if crd_json:
            self.emit("  // The CustomResourceDefinition as JSON.")
            self.emit(f"  static constexpr std::string_view kCrd = R\"crd({crd_json})crd\";")
        self.emit("  using TypedObject::TypedObject;")
        for home, field in fields:
            self.getter(home, field, "(*this)")
        self.emit("};")
        self.emit(f"class {kind.name}::Builder")
        self.emit(f"    : public object::KindBuilder<{kind.name}::Builder, {kind.name}> {{")
        self.emit(" public:")
        self.emit("  using KindBuilder::KindBuilder;")
        for home, field in fields:
            self.setter(home, field, "Builder")
        self.emit("};")
        self.emit()

    def ordered(self):
        """Types after those that they name."""
        done, order = set(), []

        def visit(struct):
            if struct.name in done:
                return
            done.add(struct.name)
            for home, field in self.universe.flat_fields(self.schema, struct):
                found = self.universe.find(home, field)
                if found and found[0] is self.schema:
                    visit(found[1])
            order.append(struct)

        for struct in self.schema.types.values():
            visit(struct)
        return order

    def text(self, crds):
        s = self.schema
        for struct in self.ordered():
            self.struct(struct)
        for kind in s.kinds:
            self.kind(kind, crds.get(kind.name))
        head = ["// Made from a schema by object/gen: do not edit.", "#pragma once", "",
                "#include <cstdint>", "#include <optional>", "#include <string_view>", ""]
        head += [f'#include "{i}"' for i in sorted(self.includes | {"object/view.h"})]
        head += ["", f"namespace xebec::api::{s.package}::{s.version} {{", ""]
        tail = [f"}}  // namespace xebec::api::{s.package}::{s.version}", ""]
        return "\n".join(head + self.lines + tail)
