"""Each correction of moto_plus, seen by boto3: `python test_moto_plus.py`, in some 5 seconds.

One process: the server is a thread of it.
"""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from moto_plus_tests.test_autoscaling import AutoScalingTest  # noqa: F401
from moto_plus_tests.test_cloudwatch import CloudWatchTest, SnsTest  # noqa: F401
from moto_plus_tests.test_instances import InstanceTest  # noqa: F401
from moto_plus_tests.test_routes import RouteTest  # noqa: F401
from moto_plus_tests.test_secrets import SecretsTest  # noqa: F401
from moto_plus_tests.test_workspaces import WorkSpacesTest  # noqa: F401

if __name__ == "__main__":
    unittest.main()
