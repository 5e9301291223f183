"""The command line; see the package's docstring."""

from __future__ import annotations

import argparse
import gc
import os
import sys

if not __package__:  # started as `python path/to/moto_plus`
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

gc.disable()  # while the imports make a million objects that stay
from moto_plus.server import make_server


def main() -> None:
    parser = argparse.ArgumentParser(prog="moto_plus", description="moto's server, corrected; binds 127.0.0.1 only")
    parser.add_argument("--port", type=int, default=5000, help="0 takes a free one")
    server = make_server(parser.parse_args().port)
    gc.freeze()
    gc.enable()
    print(f"moto_plus listens on http://127.0.0.1:{server.port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
