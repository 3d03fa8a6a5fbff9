"""The files for Ray's cluster launcher and for KubeRay, read by those who would use them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import ray
import yaml
from ray.autoscaler._private.kuberay.autoscaling_config import (
    _derive_autoscaling_config_from_ray_cr,
)
from ray.autoscaler._private.util import prepare_config, validate_config

CLUSTERS = Path(__file__).parents[2] / "clusters"
SIZE = {"head": (0, 0, 1), "gpu": (8, 1, 4)}
"""CPUs and GPUs of a node of each type, and how many there are: the documented example."""


@pytest.fixture(scope="module")
def launched() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CLUSTERS / "cluster.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def manifest() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((CLUSTERS / "kuberay.yaml").read_text()))


def only(manifest: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = (part for part in manifest if part["kind"] == kind)
    return found


def every(tree: Any, key: str) -> Iterator[Any]:
    """What stands under a key, wherever it is."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            if name == key:
                yield value
            yield from every(value, key)
    elif isinstance(tree, list):
        for value in tree:
            yield from every(value, key)


def test_the_launcher_takes_its_file(launched: dict[str, Any]) -> None:
    prepared = prepare_config(launched)
    validate_config(prepared)
    types = prepared["available_node_types"]
    assert prepared["head_node_type"] == "head"
    assert {
        name: (kind["resources"]["CPU"], kind["resources"].get("GPU", 0))
        for name, kind in types.items()
    } == {name: size[:2] for name, size in SIZE.items()}
    assert types["gpu"]["min_workers"] == types["gpu"]["max_workers"] == SIZE["gpu"][2]


def test_the_launchers_nodes_reach_what_they_need(launched: dict[str, Any]) -> None:
    options = launched["docker"]["run_options"]
    assert "--env RAY_AUTH_MODE=token" in options
    assert any(option.startswith("--env MLFLOW_TRACKING_URI=http") for option in options)
    assert "--volume /shared:/shared" in options
    assert any("/shared" in command for command in launched["initialization_commands"])
    assert "~/.ray/auth_token" in launched["file_mounts"]
    assert any("--num-cpus=0" in command for command in launched["head_start_ray_commands"])


def test_the_launchers_nodes_may_write_and_have_a_driver(launched: dict[str, Any]) -> None:
    """A new file system is root's; Ray's own image has a driver too old for CUDA 13."""
    commands = launched["initialization_commands"]
    (mounts,) = (i for i, command in enumerate(commands) if "mount -t nfs4" in command)
    assert "sudo chmod 1777 /shared" in commands[mounts + 1 :]
    types = launched["available_node_types"].values()
    assert all(kind["node_config"]["ImageId"].startswith("ami-") for kind in types)


def test_a_misspelt_key_is_refused(launched: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError, match="idle_timeout"):
        validate_config(prepare_config({**launched, "idle_timeout": 30}))


def test_rays_autoscaler_reads_the_manifest(manifest: list[dict[str, Any]]) -> None:
    cluster = only(manifest, "RayCluster")
    cluster = {**cluster, "metadata": {**cluster["metadata"], "namespace": "default"}}
    types = _derive_autoscaling_config_from_ray_cr(cluster)["available_node_types"]
    assert {
        name.removesuffix("group"): (kind["resources"]["CPU"], kind["resources"].get("GPU", 0))
        for name, kind in types.items()
    } == {name: size[:2] for name, size in SIZE.items()}
    assert types["gpu"]["min_workers"] == types["gpu"]["max_workers"] == SIZE["gpu"][2]


def test_the_manifests_parts_name_each_other(manifest: list[dict[str, Any]]) -> None:
    claim = only(manifest, "PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    pods = [part for part in manifest if part["kind"] in ("RayCluster", "Deployment")]
    assert {name for part in pods for name in every(part, "claimName")} == {
        claim["metadata"]["name"]
    }
    for pod in (pod for part in pods for pod in every(part, "spec") if "containers" in pod):
        assert pod["securityContext"] == {"fsGroup": 100}
        (init,) = pod["initContainers"]
        assert "chmod 1777 /shared" in init["command"][-1]
        assert init["securityContext"]["runAsUser"] == 0
        assert init["volumeMounts"] == pod["containers"][0]["volumeMounts"]
    settings = only(manifest, "ConfigMap")
    assert {ref["name"] for part in pods for ref in every(part, "configMapRef")} == {
        settings["metadata"]["name"]
    }
    service = only(manifest, "Service")
    address = f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    assert settings["data"]["MLFLOW_TRACKING_URI"] == address
    mlflow = only(manifest, "Deployment")["spec"]
    assert service["spec"]["selector"] == mlflow["template"]["metadata"]["labels"]
    assert only(manifest, "RayJob")["spec"]["clusterSelector"] == {
        "ray.io/cluster": only(manifest, "RayCluster")["metadata"]["name"]
    }


def test_ray_is_everywhere_the_same(
    manifest: list[dict[str, Any]], launched: dict[str, Any]
) -> None:
    base = (CLUSTERS / "Dockerfile").read_text()
    assert f"FROM rayproject/ray:{ray.__version__}-py311-gpu" in base
    assert only(manifest, "RayCluster")["spec"]["rayVersion"] == ray.__version__
    images = {*every(manifest, "image"), *every(launched, "image")}
    assert images == {f"REGISTRY/raysign:{ray.__version__}"}


def closed(schema: Any) -> Any:
    """Kubernetes drops a key that it does not know; here it is refused."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and not (
        schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    ):
        made["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("pattern", None)  # of a text; jsonschema leaves numbers alone
        made["type"] = ["integer", "string"]
    return made


@pytest.mark.parametrize("kind", ["RayCluster", "RayJob"])
def test_kuberays_own_schema_takes_the_manifest(manifest: list[dict[str, Any]], kind: str) -> None:
    """``ray-operator/config/crd/bases`` of github.com/ray-project/kuberay: too large to keep."""
    folder = os.environ.get("KUBERAY_CRDS")
    if not folder:
        pytest.skip("set KUBERAY_CRDS to KubeRay's ray-operator/config/crd/bases to run this")
    text = (Path(folder) / f"ray.io_{kind.lower()}s.yaml").read_text()
    versions = {v["name"]: v for v in yaml.load(text, yaml.CSafeLoader)["spec"]["versions"]}
    schema = closed(versions["v1"]["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}
    found = only(manifest, kind)
    jsonschema.validate(found, schema)
    spoilt = {**found, "spec": {**found["spec"], "misspelt": 1}}
    with pytest.raises(jsonschema.ValidationError, match="misspelt"):
        jsonschema.validate(spoilt, schema)
