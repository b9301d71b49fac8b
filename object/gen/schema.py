"""Reads a schema of API kinds: the small part of YAML that docs/objects.md describes."""

import os
import re
import shlex


class SchemaError(Exception):
    pass


SCALARS = {
    "string", "int32", "int64", "bool", "double", "bytes", "time", "microTime",
    "quantity", "intOrString", "raw", "any",
}
FLAGS = {"required", "omitempty", "nullable"}
OPTIONS = {
    "default", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems",
    "pattern", "enum", "format",
}


class Field:
    """One field: its JSON name, its type and what the schema says about it."""

    def __init__(self, name, spec, where):
        self.name = name
        self.where = where
        self.embedded = name.startswith("+")
        self.number = None
        self.container = ""  # "", "list" or "map"
        self.flags = set()
        self.options = {}
        try:
            words = shlex.split(spec)
        except ValueError as e:
            raise SchemaError(f"{where}: field {name}: {e}") from e
        if words and words[0] in ("list", "map"):
            self.container = words.pop(0)
        if not words:
            raise SchemaError(f"{where}: field {name} has no type")
        self.type = words.pop(0)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]*", self.type):
            raise SchemaError(f"{where}: field {name}: '{self.type}' is no type")
        for word in words:
            if re.fullmatch(r"=\d+", word):
                self.number = int(word[1:])
            elif word in FLAGS:
                self.flags.add(word)
            elif "=" in word and word.split("=", 1)[0] in OPTIONS:
                key, value = word.split("=", 1)
                self.options[key] = value
            else:
                raise SchemaError(f"{where}: field {name}: unknown word '{word}'")


class Struct:
    def __init__(self, name, fields):
        self.name = name
        self.fields = fields


class Kind(Struct):
    def __init__(self, name, fields, settings, where):
        super().__init__(name, fields)
        for key in ("plural", "scope"):
            if key not in settings:
                raise SchemaError(f"{where}: kind {name} has no {key}")
        self.plural = settings["plural"]
        self.singular = settings.get("singular", name.lower())
        self.short_names = settings.get("shortNames", "").split()
        self.categories = settings.get("categories", "").split()
        if settings["scope"] not in ("Namespaced", "Cluster"):
            raise SchemaError(f"{where}: kind {name}: scope is '{settings['scope']}', "
                              "not Namespaced or Cluster")
        self.namespaced = settings["scope"] == "Namespaced"
        self.subresources = settings.get("subresources", "").split()
        self.scale = settings.get("scale", "").split()
        self.print_columns = settings.get("printColumns", {})


class Schema:
    """A group and version with its kinds and types."""

    def __init__(self, path):
        self.path = path
        root = parse(path)
        name = os.path.basename(path)
        for key in ("group", "version"):
            if key not in root:
                raise SchemaError(f"{name}: '{key}:' is missing")
        known = {"package", "group", "version", "kinds", "types"}
        for key in root:
            if key not in known:
                raise SchemaError(f"{name}: unknown setting '{key}:'")
        self.group = root["group"]
        self.version = root["version"]
        self.package = root.get("package") or re.sub(r"\W", "_", self.group.split(".")[0]) or "core"
        self.kinds = []
        self.types = {}
        for kind, settings in (root.get("kinds") or {}).items():
            if not isinstance(settings, dict):
                raise SchemaError(f"{name}: kind {kind} is empty")
            fields = self._fields(settings.get("fields") or {}, kind)
            self.kinds.append(Kind(kind, fields, settings, name))
        for type_name, fields in (root.get("types") or {}).items():
            self.types[type_name] = Struct(type_name, self._fields(fields or {}, type_name))

    def _fields(self, fields, owner):
        where = f"{os.path.basename(self.path)}: {owner}"
        if not isinstance(fields, dict):
            raise SchemaError(f"{where}: expected fields")
        out = []
        for name, spec in fields.items():
            if not isinstance(spec, str) or not spec:
                raise SchemaError(f"{where}: field {name} needs a type on its line")
            out.append(Field(name, spec, where))
        return out


def unquote(text, where):
    text = text.strip()
    if text[:1] in ("'", '"'):
        if len(text) < 2 or text[-1] != text[0]:
            raise SchemaError(f"{where}: a quote does not end")
        return text[1:-1]
    return text


def strip_comment(line):
    quote = None
    for i, c in enumerate(line):
        if quote:
            if c == quote:
                quote = None
        elif c in "'\"":
            quote = c
        elif c == "#" and (i == 0 or line[i - 1] in " \t"):
            return line[:i]
    return line


def parse(path):
    """Nested mappings by indentation; scalars are strings."""
    root = {}
    stack = [(-1, root)]
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    for number, raw in enumerate(lines, 1):
        where = f"{os.path.basename(path)}:{number}"
        line = strip_comment(raw).rstrip()
        if not line.strip() or line.strip() == "---":
            continue
        if "\t" in line[: len(line) - len(line.lstrip())]:
            raise SchemaError(f"{where}: indent with spaces, not tabs")
        indent = len(line) - len(line.lstrip(" "))
        match = re.fullmatch(r"""\s*("[^"]*"|'[^']*'|[^\s:"'][^:"']*)\s*:(?:\s+(.*))?""", line)
        if not match:
            raise SchemaError(f"{where}: expected 'name: value'")
        key, value = unquote(match.group(1), where), (match.group(2) or "").strip()
        while stack[-1][0] >= indent:
            stack.pop()
        parent = stack[-1][1]
        if key in parent:
            raise SchemaError(f"{where}: '{key}' stands twice")
        if value == "":
            parent[key] = {}
            stack.append((indent, parent[key]))
        elif re.fullmatch(r"\"[^\"]*\"|'[^']*'", value):
            parent[key] = value[1:-1]
        else:
            parent[key] = value
    return root


class Universe:
    """The schemas that may name each other's types, by package.version."""

    def __init__(self, schemas):
        self.schemas = {f"{s.package}.{s.version}": s for s in schemas}

    def find(self, schema, field):
        """The (schema, struct) that a field's type names; None for a scalar."""
        if field.type in SCALARS:
            return None
        home, name = schema, field.type
        if "." in field.type:
            package, name = field.type.rsplit(".", 1)
            home = self.schemas.get(package)
            if home is None:
                raise SchemaError(f"{field.where}: field {field.name}: no package '{package}'")
        if name not in home.types:
            raise SchemaError(f"{field.where}: field {field.name}: no type '{field.type}'")
        return home, home.types[name]

    def flat_fields(self, schema, struct):
        """Fields with those of embedded types in their place: (schema, field)."""
        for field in struct.fields:
            if field.embedded:
                home, inner = self.find(schema, field)
                yield from self.flat_fields(home, inner)
            else:
                yield schema, field
