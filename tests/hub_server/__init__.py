"""A hub on loopback for tests: what the Hub's clients ask of the real one, with storage on disk, and faults on demand.

It speaks what huggingface_hub and datasets were seen to ask for: accounts, repositories of three types, branches, tags,
files, LFS, commits, pull requests with comments. It is no git server, has no Xet storage and renders no pages.

    with hub(folder) as server:
        server.add_token("hf_anna", "anna", lab="write")
        subprocess.run(command, env={**os.environ, **server.environment(home, "hf_anna")})
"""

from tests.hub_server.faults import Fault, Rule
from tests.hub_server.server import Server, answering, hub
from tests.hub_server.storage import Refused, Repository, Store, User

__all__ = ["Fault", "Refused", "Repository", "Rule", "Server", "Store", "User", "answering", "hub"]
