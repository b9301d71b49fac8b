"""Writes the list of well-known strings (object/internal/static_strings.h)."""

MAX_SIZE = 64
MAX_COUNT = 4096


def text(schemas, known_path):
    seen, out = set(), []

    def add(s):
        # Up to three bytes are stored in a cell anyway.
        if len(s) > 3 and len(s) <= MAX_SIZE and s not in seen:
            seen.add(s)
            out.append(s)

    with open(known_path, encoding="utf-8") as f:
        for line in f.read().splitlines():
            if line and not line.startswith("#"):
                add(line)
    for schema in schemas:
        for kind in schema.kinds:
            add(kind.name)
        for struct in schema.kinds + list(schema.types.values()):
            for field in struct.fields:
                if not field.embedded:
                    add(field.name)
    for name in list(out):
        if name.isidentifier() and name[0].islower():
            add("f:" + name)
    if len(out) > MAX_COUNT:
        raise ValueError(f"{len(out)} well-known strings, room is for {MAX_COUNT}")
    quoted = [s.replace("\\", "\\\\").replace('"', '\\"') for s in out]
    return "".join(f'XEBEC_STATIC_STRING("{s}")\n' for s in quoted)
