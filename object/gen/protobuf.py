"""Writes the tables that object/protobuf.cc decodes by."""

TYPES = {
    "string": "kString", "int32": "kInt", "int64": "kInt", "bool": "kBool", "double": "kDouble",
    "bytes": "kBytes", "time": "kTime", "microTime": "kMicroTime", "quantity": "kQuantity",
    "intOrString": "kIntOrString", "raw": "kRaw",
}


def text(schemas, universe):
    index, messages = {}, []

    def number(schema, struct):
        key = (schema.package, schema.version, struct.name)
        if key not in index:
            index[key] = len(messages)
            messages.append((schema, struct))
        return index[key]

    def decodable(schema, struct, seen):
        if struct.name in seen:
            return True
        for field in struct.fields:
            if field.number is None or field.type == "any":
                return False
            found = universe.find(schema, field)
            if found and not decodable(found[0], found[1], seen | {struct.name}):
                return False
        return True

    meta = next(s for s in schemas if s.package == "meta")
    number(meta, meta.types["ObjectMeta"])  # message 0
    kinds = []
    for schema in schemas:
        for kind in schema.kinds:
            if decodable(schema, kind, set()):
                kinds.append((schema, kind, number(schema, kind)))
    fields, ranges = [], []
    at = 0
    while at < len(messages):
        schema, struct = messages[at]
        at += 1
        first = len(fields)
        own = []
        if any(struct is k for _, k, _ in kinds):
            own.append('{1, Type::kMessage, 0, 0, "metadata"}')
        for f in struct.fields:
            found = universe.find(schema, f)
            flags = {"list": "kList", "map": "kMap", "": "0"}[f.container]
            if "omitempty" in f.flags:
                flags += " | kOmitEmpty"
            if f.embedded:
                flags += " | kEmbedded"
            kind = "kMessage" if found else TYPES[f.type]
            target = number(*found) if found else 0
            own.append(f'{{{f.number}, Type::{kind}, {flags}, {target}, "{f.name}"}}')
        fields += own
        ranges.append((first, len(own), struct.name))
    out = ["constexpr Field kFields[] = {"]
    out += [f"    {f}," for f in fields]
    out += ["};", "constexpr Message kMessages[] = {"]
    out += [f"    {{{first}, {count}}},  // {i} {name}" for i, (first, count, name) in enumerate(ranges)]
    out += ["};", "constexpr KindEntry kKinds[] = {"]
    for schema, kind, message in kinds:
        api = f"{schema.group}/{schema.version}" if schema.group else schema.version
        out.append(f'    {{"{api}", "{kind.name}", {message}}},')
    out += ["};", ""]
    return "\n".join(out)
