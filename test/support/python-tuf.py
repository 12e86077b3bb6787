"""Refreshes with python-tuf from a pinned root and downloads every target: argv is URL, root file, scratch directory."""

import os
import sys

from tuf.ngclient import Updater, UpdaterConfig

url, root, scratch = sys.argv[1:]
metadata = os.path.join(scratch, "metadata")
targets = os.path.join(scratch, "targets")
os.makedirs(metadata)
os.makedirs(targets)
with open(root, "rb") as file:
    pinned = file.read()
updater = Updater(metadata, f"{url}/", targets, f"{url}/targets/", config=UpdaterConfig(), bootstrap=pinned)
updater.refresh()
for name in ("trusted_root.json", "signing_config.v0.2.json"):
    updater.download_target(updater.get_targetinfo(name))
print("accepted")
