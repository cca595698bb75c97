"""
Webhooks: MLflow's by its client, and those of Databricks' workspace registry by its SDK. They call a receiver of the test's own, on this
machine: MLflow's own server allows that with MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS=true, MLFLOW_WEBHOOK_ALLOWED_SCHEMES=http,https and, not to go
by what it knew a minute ago, MLFLOW_WEBHOOK_CACHE_TTL=0.
"""

import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from mlflow.entities.webhook import WebhookAction, WebhookEntity, WebhookEvent, WebhookStatus
from mlflow.webhooks import types
from under_test import client, equal, get, origin, refused, soon, unique


@pytest.fixture
def receiver():
    """Answers what it is told to, and keeps what it was sent: (path, headers, body) each."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            server.calls.append((self.path, self.headers, body.decode()))
            self.send_response(server.answers.pop(0) if server.answers else 200)
            self.end_headers()
            self.wfile.write(b"thank you")

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.calls, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture
def make(receiver):
    made = []

    def by(events, **more):
        webhook = client.create_webhook(**{"name": "ci", "url": receiver.url, "events": events, **more})
        made.append(webhook.webhook_id)
        return webhook

    yield by
    for each in made:
        try:
            client.delete_webhook(each)
        except Exception:
            pass  # The test has deleted it.


def told(receiver, name):
    """What was said of a model: others may be made at the same time by other clients."""
    return [json.loads(body) for _, _, body in list(receiver.calls) if json.loads(body)["data"].get("name") == name]


def test_a_webhook_is_told_what_happens_to_models(receiver, make):
    make(["registered_model.created", "model_version.created", "model_version_tag.set", "model_version_alias.created", "model_version_alias.deleted"])
    name = unique("told")
    client.create_registered_model(name, description="of tides")
    client.create_model_version(name, "s3://models/tide", description="the first")
    client.set_model_version_tag(name, "1", "data", "2026")
    client.set_registered_model_alias(name, "champion", "1")
    client.delete_registered_model_alias(name, "champion")
    soon(lambda: len(told(receiver, name)) == 5)
    said = told(receiver, name)
    # MLflow's own server sends from several threads.
    equal(
        sorted((it["entity"], it["action"]) for it in said),
        [
            ("model_version", "created"),
            ("model_version_alias", "created"),
            ("model_version_alias", "deleted"),
            ("model_version_tag", "set"),
            ("registered_model", "created"),
        ],
    )
    data = {(it["entity"], it["action"]): it["data"] for it in said}
    equal(data["registered_model", "created"], {"name": name, "tags": {}, "description": "of tides"})
    version = data["model_version", "created"]
    equal((version["version"], version["source"], version["description"]), ("1", "s3://models/tide", "the first"))
    equal(data["model_version_tag", "set"], {"name": name, "version": "1", "key": "data", "value": "2026"})
    equal(data["model_version_alias", "created"], {"name": name, "alias": "champion", "version": "1"})


def test_what_it_is_told_is_signed(receiver, make):
    make(["registered_model.created"], secret="spring tide")
    name = unique("signed")
    client.create_registered_model(name)
    soon(lambda: told(receiver, name))
    _, headers, body = next(it for it in receiver.calls if name in it[2])
    signed = f"{headers['X-MLflow-Delivery-Id']}.{headers['X-MLflow-Timestamp']}.{body}"
    digest = base64.b64encode(hmac.new(b"spring tide", signed.encode(), hashlib.sha256).digest()).decode()
    equal(headers["X-MLflow-Signature"], f"v1,{digest}")


def test_it_is_told_again_when_the_receiver_was_away(receiver, make):
    make(["registered_model.created"])
    receiver.answers += [503, 500]
    name = unique("again")
    client.create_registered_model(name)
    soon(lambda: len(told(receiver, name)) == 3)
    equal(len({it[1]["X-MLflow-Delivery-Id"] for it in receiver.calls if name in it[2]}), 1)


def test_a_webhook_is_made_read_changed_listed_and_deleted(make):
    events = [WebhookEvent(WebhookEntity.MODEL_VERSION, WebhookAction.CREATED)]
    made = make(events, description="of the CI", secret="s")
    equal((made.name, made.description, made.events, made.status), ("ci", "of the CI", events, WebhookStatus.ACTIVE))
    equal(made.secret, None)
    equal(client.get_webhook(made.webhook_id).url, made.url)
    changed = client.update_webhook(made.webhook_id, name="cd", status="DISABLED", events=["registered_model.created"])
    equal((changed.name, changed.status, [str(it) for it in changed.events]), ("cd", WebhookStatus.DISABLED, ["registered_model.created"]))
    equal(changed.description, "of the CI")
    others = [make(events).webhook_id for _ in range(3)]
    listed, token = [], None
    while True:
        page = client.list_webhooks(max_results=2, page_token=token)
        listed += [it.webhook_id for it in page]
        token = page.token
        if not token:
            break
    assert {made.webhook_id, *others} <= set(listed)
    client.delete_webhook(made.webhook_id)
    with refused("RESOURCE_DOES_NOT_EXIST", made.webhook_id):
        client.get_webhook(made.webhook_id)


def test_one_that_is_disabled_says_nothing(receiver, make):
    make(["registered_model.created"], status="DISABLED")
    other = make(["registered_model.created"])
    name = unique("quiet")
    client.create_registered_model(name)
    soon(lambda: told(receiver, name))
    client.delete_webhook(other.webhook_id)
    equal(len(told(receiver, name)), 1)


def test_it_is_tested_with_an_example(receiver, make):
    made = make(["model_version.created"], status="DISABLED")
    result = client.test_webhook(made.webhook_id)
    equal((result.success, result.response_status, result.response_body), (True, 200, "thank you"))
    receiver.answers += [400]
    equal(client.test_webhook(made.webhook_id).success, False)


# Where MLflow's package has its examples: the name of the class is the event's, written together.
examples = {
    f"{entity}.{action}": getattr(types, f"{entity}_{action}_payload".title().replace("_", "")).example()
    for entity, actions in {
        "registered_model": ["created"],
        "model_version": ["created"],
        "model_version_tag": ["set", "deleted"],
        "model_version_alias": ["created", "deleted"],
        "prompt": ["created"],
        "prompt_version": ["created"],
        "prompt_tag": ["set", "deleted"],
        "prompt_version_tag": ["set", "deleted"],
        "prompt_alias": ["created", "deleted"],
    }.items()
    for action in actions
}


@pytest.mark.parametrize("event", examples)
def test_the_example_of_an_event_is_that_which_mlflow_has(receiver, make, event):
    made = make(["registered_model.created"], status="DISABLED")
    equal(client.test_webhook(made.webhook_id, event).success, True)
    said = json.loads(receiver.calls[0][2])
    equal((f"{said['entity']}.{said['action']}", said["data"]), (event, examples[event]))


def test_no_description_is_empty_of_a_model_and_null_of_a_version(receiver, make):
    make(["registered_model.created", "model_version.created"])
    name = unique("bare")
    client.create_registered_model(name)
    client.create_model_version(name, "s3://models/tide")
    soon(lambda: len(told(receiver, name)) == 2)
    equal({it["entity"]: it["data"]["description"] for it in told(receiver, name)}, {"registered_model": "", "model_version": None})


def test_of_a_prompt_its_text_is_told_and_not_the_tags_it_is_known_by(receiver, make):
    make(["prompt.created", "prompt_version.created"])
    name = f"prompt-{unique('')[1:]}"
    client.register_prompt(name, "Hello {{name}}!", tags={"tone": "kind"})
    soon(lambda: len(told(receiver, name)) == 2)
    data = {it["entity"]: it["data"] for it in told(receiver, name)}
    equal({tag for tag in data["prompt"]["tags"] if "prompt" in tag}, set())
    version = data["prompt_version"]
    equal((version["version"], version["template"], version["tags"]), ("1", "Hello {{name}}!", {"tone": "kind"}))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "two words"}, "is invalid. It must start and end with a letter or digit"),
        ({"name": "-"}, "is invalid. It must start and end with a letter or digit"),
        ({"url": "ftp://example.com"}, "Invalid webhook URL scheme: 'ftp'"),
        ({"url": "no url"}, "Invalid webhook URL scheme: ''"),
        ({"url": "https://[::"}, "Invalid webhook URL 'https://[::'"),
        ({"url": " "}, "Webhook URL cannot be empty or just whitespace"),
        ({"url": ""}, "Missing value for required parameter 'url'"),
        ({"events": []}, "Missing value for required parameter 'events'"),
    ],
    ids=lambda it: str(it),
)
def test_what_can_be_no_webhook_is_refused(make, wrong, words):
    with refused("INVALID_PARAMETER_VALUE", words):
        make(**{"events": ["registered_model.created"], **wrong})


def test_a_page_of_none_is_one_of_the_usual_size(make):
    made = make(["registered_model.created"])
    assert made.webhook_id in {it["webhook_id"] for it in get("webhooks", max_results=0).json()["webhooks"]}


@pytest.mark.differs("MLflow's tests have to allow private addresses")
@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://169.254.169.254/latest", "http://[::1]:1/", "https://localhost/"])
def test_what_is_behind_the_server_is_not_called(make, url):
    with refused("INVALID_PARAMETER_VALUE", "not an address on the public internet"):
        make(["registered_model.created"], url=url)


@pytest.mark.differs("Databricks' registry, which MLflow does not have")
def test_databricks_sdk_makes_tests_lists_changes_and_deletes_them(receiver):
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.ml import HttpUrlSpec, RegistryWebhookEvent, RegistryWebhookStatus

    registry = WorkspaceClient(host=origin, token="none").model_registry
    name = unique("databricks")
    client.create_registered_model(name)
    spec = HttpUrlSpec(url=receiver.url, secret="neap", authorization="Bearer abc")
    events = [RegistryWebhookEvent.MODEL_VERSION_CREATED, RegistryWebhookEvent.MODEL_VERSION_TRANSITIONED_TO_PRODUCTION]
    made = registry.create_webhook(events, http_url_spec=spec, model_name=name, description="of the CI").webhook
    equal((made.model_name, made.events, made.status), (name, events, RegistryWebhookStatus.ACTIVE))
    equal(made.http_url_spec.url, receiver.url)
    assert not {'neap', 'Bearer abc'} & set(made.http_url_spec.as_dict().values())
    client.create_model_version(name, "s3://models/tide")
    client.transition_model_version_stage(name, "1", "Production")
    soon(lambda: len(receiver.calls) == 2)
    for (_, headers, body), event in zip(receiver.calls, events):
        said = json.loads(body)
        equal((said["event"], said["model_name"], said["webhook_id"]), (event.value, name, made.id))
        equal(headers["X-Databricks-Signature"], hmac.new(b"neap", body.encode(), hashlib.sha256).hexdigest())
        equal(headers["Authorization"], "Bearer abc")
    answer = registry.test_registry_webhook(made.id)
    equal((answer.status_code, answer.body), (200, "thank you"))
    registry.update_webhook(made.id, status=RegistryWebhookStatus.DISABLED)
    equal([(it.id, it.status) for it in registry.list_webhooks(model_name=name)], [(made.id, RegistryWebhookStatus.DISABLED)])
    registry.delete_webhook(id=made.id)
    equal(list(registry.list_webhooks(model_name=name)), [])
