#!/usr/bin/env python3
"""Makes typed views from schemas of API kinds. docs/objects.md describes the schema.

  xebec_api_gen.py header --schema F --out H [--crd-out Y]    one schema's C++ header, and its CRD
  xebec_api_gen.py strings --known F --out INC                the well-known strings of all schemas
  xebec_api_gen.py protobuf --out INC                         the protobuf tables of all schemas

Schemas may name types of the schemas in ../api (--api). Needs Python 3.9 and nothing else.
"""

import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import crd  # noqa: E402
import cpp  # noqa: E402
import protobuf  # noqa: E402
import strings  # noqa: E402
from schema import Schema, SchemaError, Universe  # noqa: E402


def load(api, extra=None):
    schemas = [Schema(os.path.join(api, f)) for f in sorted(os.listdir(api)) if f.endswith(".yaml")]
    if extra and not any(os.path.samefile(s.path, extra) for s in schemas):
        schemas.append(Schema(extra))
    return schemas


def write(path, text):
    """Writes the file, unless it is the same already: ninja then rebuilds nothing."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            if f.read() == text:
                return
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["header", "strings", "protobuf"])
    parser.add_argument("--schema")
    parser.add_argument("--known")
    parser.add_argument("--out", required=True)
    parser.add_argument("--crd-out")
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--api", default=os.path.join(here, "..", "api"))
    args = parser.parse_args()
    schemas = load(args.api, args.schema)
    universe = Universe(schemas)
    if args.what == "strings":
        write(args.out, strings.text(schemas, args.known))
    elif args.what == "protobuf":
        write(args.out, protobuf.text(schemas, universe))
    else:
        schema = next(s for s in schemas if os.path.samefile(s.path, args.schema))
        crds = {}
        if args.crd_out:
            if not schema.group:
                raise SchemaError(f"{os.path.basename(args.schema)}: a custom resource needs a group")
            maker = crd.Crd(schema, universe)
            manifests = {k.name: maker.manifest(k) for k in schema.kinds}
            crds = {name: json.dumps(m, separators=(",", ":")) for name, m in manifests.items()}
            write(args.crd_out, "\n---\n".join(crd.to_yaml(m) for m in manifests.values()) + "\n")
        write(args.out, cpp.Header(schema, universe).text(crds))


if __name__ == "__main__":
    try:
        main()
    except (SchemaError, OSError) as error:
        sys.exit(f"xebec_api_gen: {error}")
