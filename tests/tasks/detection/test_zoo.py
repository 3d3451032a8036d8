"""The zoo's archives, served from this machine: fetched, checked, taken apart and loaded."""

import dataclasses
import hashlib
import io
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch

from backbone.archive import PublishedArchive
from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.weight_files import read_file
from tasks.detection import zoo
from tasks.detection.released import ORDERS
from tasks.detection.ssd import SSD
from tasks.training.head_weights import load_head
from tests.tasks.detection.test_released import COCO, small, variables

pytestmark = pytest.mark.slow


def frozen_graph(arrays) -> bytes:
    """A frozen graph whose constants are these arrays, and one that is no weight."""
    tensorboard = pytest.importorskip("tensorboard.compat.proto.graph_pb2")
    from tensorboard.util.tensor_util import make_tensor_proto

    graph = tensorboard.GraphDef()
    constants = {**arrays, "Postprocessor/scale": np.float32([1.0]), "axis": np.int32(0)}
    for name, array in constants.items():
        node = graph.node.add(name=name, op="Const")
        proto = make_tensor_proto(array)
        node.attr["dtype"].type = proto.dtype
        node.attr["value"].tensor.CopyFrom(proto)
    graph.node.add(name="FeatureExtractor/MobilenetV1/Conv2d_0/weights/read", op="Identity")
    return graph.SerializeToString()


def packed(member, content, kind="tar.gz") -> bytes:
    into = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(into, "w") as archive_:
            archive_.writestr(member, content)
        return into.getvalue()
    with tarfile.open(fileobj=into, mode="w:gz") as archive_:
        info = tarfile.TarInfo(member)
        info.size = len(content)
        archive_.addfile(info, io.BytesIO(content))
    return into.getvalue()


@pytest.fixture
def serve():
    """Serve bytes under any name: gives the address of a folder, and counts the requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked += 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(server.body)))
            self.end_headers()
            self.wfile.write(server.body)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.body, server.asked = b"", 0
        server.address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


ORDER = {"anchor_order": torch.tensor(ORDERS["2018"])}


@pytest.fixture
def offered(serve, monkeypatch):
    """The zoo offers a tiny SSD from the local server."""
    source = small()
    serve.body = packed("ssd/frozen_inference_graph.pb", frozen_graph(
        {k: v for k, v in variables(source, ORDERS["2018"]).items() if v.dtype == np.float32}
    ))  # fmt: skip
    made = PublishedArchive(
        f"{serve.address}/ssd.tar.gz", "ssd/frozen_inference_graph.pb", "AP 21 on COCO minival",
        (96, 96), sha256=hashlib.sha256(serve.body).hexdigest(), declared=ORDER,
    )  # fmt: skip
    monkeypatch.setitem(zoo.ZOO, ("tf_zoo", MobileNetV1, 0.25, False, None), made)
    return source


def test_a_name_is_fetched_checked_loaded_and_its_score_is_said(tmp_path, serve, offered):
    target = SSD(MobileNetV1(0.25), 91, 96).eval()
    report = load_head(target, "tf_zoo", COCO, True, size=(96, 96), cache=tmp_path)
    assert report.classifier_loaded
    assert "its publisher states AP 21 on COCO minival" in str(report)
    assert "ssd.tar.gz of TensorFlow's model zoo (Apache-2.0)" in str(report)
    image = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        for ours, theirs in zip(target(image), offered(image), strict=True):
            torch.testing.assert_close(ours, theirs)
    load_head(target, "tf_zoo", COCO, True, size=(96, 96), cache=tmp_path)
    assert serve.asked == 1
    with pytest.raises(InputError, match=r"was trained at 96x96: set size=96"):
        load_head(target, "tf_zoo", COCO, True, size=(300, 300), cache=tmp_path)


def test_another_file_than_the_recorded_one_is_refused(tmp_path, serve, offered):
    serve.body = packed("ssd/frozen_inference_graph.pb", b"something else")
    with pytest.raises(InputError, match=r"has sha256 [0-9a-f]{64}, but ssd\.tar\.gz\.sha256"):
        load_head(small(), "tf_zoo", COCO, True, cache=tmp_path)
    assert not (tmp_path / "ssd.tar.gz").exists()


def test_an_unknown_sha256_is_recorded_and_said(tmp_path, serve, offered, monkeypatch):
    key = ("tf_zoo", MobileNetV1, 0.25, False, None)
    monkeypatch.setitem(zoo.ZOO, key, dataclasses.replace(zoo.ZOO[key], sha256=None))
    report = load_head(small(), "tf_zoo", COCO, True, cache=tmp_path)
    assert "its sha256 is not known" in str(report)
    recorded = (tmp_path / "ssd.tar.gz.sha256").read_text().split()[0]
    assert recorded == hashlib.sha256(serve.body).hexdigest()


def test_an_archive_without_the_file(tmp_path, serve):
    serve.body = packed("other", b"x", "zip")
    made = PublishedArchive(f"{serve.address}/a.zip", "detect.tflite", "", (300, 300))
    with pytest.raises(InputError, match=r"a\.zip is damaged, or does not hold detect\.tflite"):
        made.fetch(tmp_path)
    serve.body = packed("detect.tflite", b"content", "zip")
    (tmp_path / "a.zip").unlink()
    (tmp_path / "a.zip.sha256").unlink()
    assert made.fetch(tmp_path).read_bytes() == b"content"


def test_what_the_zoo_does_not_have():
    head = SSD(MobileNetV1(0.5), 91, 96)
    with pytest.raises(InputError, match=r"the zoo has SSD on MobileNetV1 with alpha 1\.0; .*0\.5"):
        load_head(head, "tf_zoo", COCO, True)
    head = SSD(MobileNetV1(0.75), 91, 96, kernel_size=5)
    with pytest.raises(InputError, match=r"this is SSD with task\.head\.kernel_size=5 on Mobi"):
        load_head(head, "tf_zoo", COCO, True)


def test_the_zoos_ssd_on_v2_has_the_parameters_that_open_model_zoo_counts():
    """16.818 M, with batch norm folded into the convolutions (ssd_mobilenet_v2_coco.md there)."""
    head = SSD(MobileNetV2(1.0), 91, 300, separable=True, kernel_size=3)
    norms = [m for m in head.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    parameters = sum(p.numel() for p in head.parameters())
    folded = parameters - sum(m.num_features for m in norms)  # one bias for weight and bias
    assert folded / 1e6 == pytest.approx(16.818, abs=0.001)


@pytest.mark.parametrize(
    ("name", "trunk", "separable", "kernel_size"),
    [
        ("tf_zoo", lambda: MobileNetV1(1.0), False, None),
        ("tf_zoo", lambda: MobileNetV1(0.75), False, 1),
        ("tf_zoo", lambda: MobileNetV2(1.0), True, None),
        ("tf_zoo", lambda: MobileNetV2(1.0), True, 3),
        ("tf_zoo_int8", lambda: MobileNetV1(0.75), False, None),
    ],
)
def test_every_entry_is_complete(name, trunk, separable, kernel_size):
    with torch.device("meta"):
        found = zoo.published(name, trunk(), separable, kernel_size)
    assert found.url.startswith("https://")
    assert found.name.endswith((".tar.gz", ".zip"))
    assert "COCO minival" in found.score
    assert found.member.endswith((".pb", ".tflite"))
    # a frozen graph lacks its anchors; a TensorFlow Lite file has them
    assert ("anchor_order" in found.declared) == found.member.endswith(".pb")


def test_a_damaged_frozen_graph(tmp_path):
    path = tmp_path / "a.pb"
    path.write_bytes(b"\xff" * 100)
    with pytest.raises(InputError, match=r"a\.pb is damaged, or not a frozen graph"):
        read_file(path)
