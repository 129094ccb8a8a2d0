"""Bad inputs for the rest of `xsb-build`, where people decide and publish, and for `xsb-space`."""

from tests.bad_input.asking import Bad
from tests.bad_input.on_build import CANDIDATES

PEOPLE = [
    *(Bad(f"xsb-build review {file} --reviewer anna --reviews a", file) for file in CANDIDATES),
    *(Bad(f"xsb-build adjudicate {file} --reviewer anna --reviews a", file) for file in CANDIDATES[:5]),
    *(Bad(f"xsb-build accept {file} --records records --reviews a", file) for file in CANDIDATES),
    Bad("xsb-build review lines.jsonl", "--reviewer"),
    Bad("xsb-build review lines.jsonl --reviewer '../anna'", "../anna"),
    Bad("xsb-build review lines.jsonl --reviewer ''", "name"),
    Bad("xsb-build review candidates.jsonl --reviewer anna --reviews answered.csv", "answered.csv"),
    Bad("xsb-build review candidates.jsonl --reviewer anna --reviews reviews-binary", "anna.jsonl"),
    Bad("xsb-build review lines.jsonl --reviewer anna --author-kind dog", "dog"),
    Bad("xsb-build review lines.jsonl --reviewer anna --limit 0", "--limit"),
    Bad("xsb-build adjudicate lines.jsonl --reviewer Anna", "Anna"),
    Bad("xsb-build adjudicate lines.jsonl --reviewer anna --author-kind dog", "dog"),
    Bad("xsb-build adjudicate lines.jsonl --reviewer anna --reviewers 0", "--reviewers"),
    Bad("xsb-build accept candidates.jsonl", "--records"),
    Bad("xsb-build accept candidates.jsonl --records records --reviews records --shipped-reviews records", "records"),
    Bad("xsb-build accept candidates.jsonl --records records --reviews nothing --version 1", "'1'"),
    Bad("xsb-build accept candidates.jsonl --records records --reviewers x", "--reviewers"),
    Bad("xsb-build new-prompt", "--type"),
    Bad("xsb-build new-prompt --type homonym", "homonyms"),
    Bad("xsb-build new-prompt --type homonyms --records answered.csv", "answered.csv"),
    Bad("xsb-build new-scenario", "'slug'"),
    Bad("xsb-build new-scenario ../x --type homonyms --records records", "../x"),
    Bad("xsb-build new-scenario 'Ünï' --type homonyms --records records", "Ünï"),
    Bad("xsb-build new-scenario a --type homonym --records records", "homonyms"),
    Bad("xsb-build new-scenario night --type homonyms --topic 'a\nb' --records records", "topic"),
    Bad("xsb-build new-scenario night --type homonyms --topic everyday --records answered.csv", "answered.csv"),
    Bad("xsb-build check-changes", "--base"),
    Bad("xsb-build check-changes --base main --records records", "records"),
    Bad("xsb-build check-changes --base main --records nowhere --github", "nowhere"),
    Bad("xsb-build check-changes --base ''", "no revision ''"),
    Bad("xsb-build check-changes --base=--output=/tmp/x", "--output"),
    Bad("xsb-build check-changes --base no-such-branch", "no-such-branch"),
]
PUBLISHING = [
    *(
        Bad(f"xsb-build publish {folder} --repo-id ORG/x --dry-run", folder)
        for folder in ("nowhere", "nothing", "answered.csv", "loop", "run-other", "records")
    ),
    Bad("xsb-build publish", "DIR"),
    Bad("xsb-build publish nothing --create-pr --private", "--repo-id"),
    Bad("xsb-build publish nothing --repo-id x/y/z", "nothing"),
    Bad("xsb-build check-pr", "N"),
    Bad("xsb-build check-pr 0 --repo-id ORG/x", "N"),
    Bad("xsb-build check-pr 1", "--repo-id"),
    Bad("xsb-build check-pr 1 --repo-id ../x", "no token"),
    Bad("xsb-build check-pr 1 --repo-id ORG/x --records nowhere", ""),
]
SPACE = [
    *(
        Bad(f"xsb-space --config {file}", file)
        for file in (
            "binary.yaml", "folder.yaml", "loop.yaml", "deep.yaml", "utf16.yaml", "latin.yaml", "text.yaml",
            "list.yaml", "tabs.yaml", "unknown.yaml", "tag.yaml", "bomb.yaml", "nowhere.yaml", "space-limits.yaml",
            "space-models.yaml", "space-nan.yaml",
        )
    ),
    Bad("xsb-space --port x", "--port"),
    Bad("xsb-space --port 70000 --only explore", "--port"),
    Bad("xsb-space --port -1 --only explore", "--port"),
    Bad("xsb-space --port {taken} --only explore", "{taken}", apart=True),
    Bad("xsb-space --only tri", "try"),
    Bad("xsb-space --only review", "--candidates"),
    Bad("xsb-space --candidates candidates.jsonl", "--reviews"),
    Bad("xsb-space --reviews reviews", "--candidates"),
    *(Bad(f"xsb-space --only review --candidates {file} --reviews a", file, apart=True) for file in CANDIDATES[1:4]),
    Bad("xsb-space --only review --candidates candidates.jsonl --reviews answered.csv", "answered.csv", apart=True),
    Bad("xsb-space deply", "deploy"),
    Bad("xsb-space deploy", "--repo-id"),
    Bad("xsb-space deploy --repo-id ../x --dry-run", "../x"),
    Bad("xsb-space deploy --repo-id ORG/x --config nowhere.yaml --private", "nowhere.yaml"),
    Bad("xsb-space deploy --repo-id ORG/x --config binary.yaml --dry-run", "binary.yaml"),
]  # fmt: skip
