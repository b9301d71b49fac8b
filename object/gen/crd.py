"""Writes the CustomResourceDefinition of a schema's kinds, with a structural schema."""

import json

from schema import SchemaError


def typed(field, text):
    """An option's text as a value of the field's type."""
    if field.container or field.type not in (
            "string", "int32", "int64", "bool", "double", "quantity", "intOrString", "time"):
        try:
            return json.loads(text)
        except ValueError as e:
            raise SchemaError(f"{field.where}: field {field.name}: '{text}' is no JSON") from e
    try:
        if field.type in ("int32", "int64"):
            return int(text)
        if field.type == "double":
            return float(text)
        if field.type == "bool":
            return {"true": True, "false": False}[text]
        if field.type == "intOrString" and text.isdigit():
            return int(text)
    except (ValueError, KeyError) as e:
        raise SchemaError(f"{field.where}: field {field.name}: '{text}' is no {field.type}") from e
    return text


SCALARS = {
    "string": {"type": "string"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "bool": {"type": "boolean"},
    "double": {"type": "number"},
    "bytes": {"type": "string", "format": "byte"},
    "time": {"type": "string", "format": "date-time"},
    "microTime": {"type": "string", "format": "date-time"},
    "quantity": {"anyOf": [{"type": "integer"}, {"type": "string"}],
                 "x-kubernetes-int-or-string": True},
    "intOrString": {"anyOf": [{"type": "integer"}, {"type": "string"}],
                    "x-kubernetes-int-or-string": True},
    "raw": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "any": {"x-kubernetes-preserve-unknown-fields": True},
}


class Crd:
    def __init__(self, schema, universe):
        self.schema = schema
        self.universe = universe

    def value(self, home, field, path):
        found = self.universe.find(home, field)
        if found is None:
            out = dict(SCALARS[field.type])
        elif found[1].name == "ObjectMeta" or found[1].name in path:
            out = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        else:
            out = self.struct(found[0], found[1], path + [found[1].name])
        for key, text in field.options.items():
            if key in ("minimum", "maximum", "minLength", "maxLength", "pattern", "enum", "format"):
                if key == "enum":
                    out[key] = [typed_scalar(field, v) for v in text.split("|")]
                elif key in ("pattern", "format"):
                    out[key] = text
                else:
                    try:
                        out[key] = float(text) if field.type == "double" else int(text)
                    except ValueError as e:
                        raise SchemaError(
                            f"{field.where}: field {field.name}: {key}={text} is no number") from e
        if field.container == "list":
            out = {"type": "array", "items": out}
        elif field.container == "map":
            out = {"type": "object", "additionalProperties": out}
        for key in ("minItems", "maxItems"):
            if key in field.options:
                out[key] = int(field.options[key])
        if "nullable" in field.flags:
            out["nullable"] = True
        if "default" in field.options:
            out["default"] = typed(field, field.options["default"])
        return out

    def struct(self, home, struct, path):
        properties, required = {}, []
        for where, field in self.universe.flat_fields(home, struct):
            properties[field.name] = self.value(where, field, path)
            if "required" in field.flags:
                required.append(field.name)
        out = {"type": "object"}
        if required:
            out["required"] = required
        if properties:
            out["properties"] = properties
        return out

    def manifest(self, kind):
        s = self.schema
        root = self.struct(s, kind, [kind.name])
        properties = {"apiVersion": {"type": "string"}, "kind": {"type": "string"},
                      "metadata": {"type": "object"}}
        properties.update(root.get("properties", {}))
        root["properties"] = properties
        version = {"name": s.version, "served": True, "storage": True,
                   "schema": {"openAPIV3Schema": root}}
        if kind.subresources or kind.scale:
            version["subresources"] = {name: {} for name in kind.subresources}
            if kind.scale:
                paths = ["specReplicasPath", "statusReplicasPath", "labelSelectorPath"]
                version["subresources"]["scale"] = dict(zip(paths, kind.scale))
        columns = []
        for name, spec in kind.print_columns.items():
            parts = spec.split(None, 1) if isinstance(spec, str) else []
            if len(parts) != 2:
                raise SchemaError(f"{kind.name}: print column {name} needs 'type .path'")
            columns.append({"name": name, "type": parts[0], "jsonPath": parts[1]})
        if columns:
            columns.append({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"})
            version["additionalPrinterColumns"] = columns
        names = {"kind": kind.name, "listKind": kind.name + "List", "plural": kind.plural,
                 "singular": kind.singular}
        if kind.short_names:
            names["shortNames"] = kind.short_names
        if kind.categories:
            names["categories"] = kind.categories
        return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{kind.plural}.{s.group}"},
                "spec": {"group": s.group, "names": names,
                         "scope": "Namespaced" if kind.namespaced else "Cluster",
                         "versions": [version]}}


def typed_scalar(field, text):
    if field.type in ("int32", "int64"):
        try:
            return int(text)
        except ValueError as e:
            raise SchemaError(f"{field.where}: field {field.name}: '{text}' is no integer") from e
    return text


def to_yaml(value, indent=0):
    """Block style for containers, JSON for scalars (which YAML reads)."""
    pad = "  " * indent
    lines = []
    if isinstance(value, dict):
        for key, v in value.items():
            if isinstance(v, (dict, list)) and v:
                lines.append(f"{pad}{key}:")
                lines.append(to_yaml(v, indent + 1))
            else:
                lines.append(f"{pad}{key}: {json.dumps(v)}")
    else:
        for v in value:
            if isinstance(v, dict) and v:
                text = to_yaml(v, indent + 1)
                lines.append(pad + "- " + text.lstrip())
            else:
                lines.append(f"{pad}- {json.dumps(v)}")
    return "\n".join(lines)
