#!/usr/bin/env python3
"""What the documents promise: links lead somewhere, commands run in CI, every debug variable has its line."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
problems = []


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "--", *patterns], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / f for f in out.stdout.splitlines() if (ROOT / f).is_file()]


def prose(path):
    return re.sub(r"```.*?```", "", path.read_text(), flags=re.S)


for page in tracked("*.md"):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose(page)):
        if "://" not in target and not (page.parent / target).exists():
            problems.append(f"{page.relative_to(ROOT)}: the link to '{target}' leads nowhere")

ci = (ROOT / ".ci/run").read_text()
for block in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.S):
    for line in block.splitlines():
        command = line.split("#")[0].strip()
        if command and command not in ci:
            problems.append(f"README.md: '{command}' does not run in .ci/run")

listed = (ROOT / "docs/debug-variables.md").read_text()
sources = tracked("*.cc", "*.h", "tools/*", "Makefile", "tests/**/*.sh")
for path in sources:
    text = path.read_text()
    for name in re.findall(r"getenv\(\"([A-Z_]+)\"\)", text) + re.findall(r"\$\{(XEBEC_[A-Z_]+|DEPS_[A-Z]+):-", text):
        if f"`{name}" not in listed and name not in ("HOME", "PATH"):
            problems.append(f"docs/debug-variables.md lacks {name} ({path.relative_to(ROOT)})")

for problem in sorted(set(problems)):
    print(problem)
sys.exit(1 if problems else 0)
