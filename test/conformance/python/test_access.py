"""Who gets in and what they may do: each way to sign in, and users, roles and permissions by MLflow's AuthServiceClient."""

import os
import uuid

import mlflow
import pytest
import requests
from mlflow.server import get_app_client
from mlflow.tracking import MlflowClient
from under_test import equal, refused, unique

origin = os.environ["CONFORMANCE_ACCOUNTS"].rstrip("/")
admin = (os.environ["CONFORMANCE_ADMIN"], os.environ["CONFORMANCE_PASSWORD"])
word = "another long tide rises"


@pytest.fixture
def sign_in(monkeypatch):
    """Signs in as somebody, and gives their clients: one of runs, one of users."""

    def by(name, password=word):
        monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", name)
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password)
        return MlflowClient(origin), get_app_client("basic-auth", tracking_uri=origin)

    return by


@pytest.fixture
def users(sign_in):
    return sign_in(*admin)[1]


@pytest.fixture
def name(users):
    """Of a user that was just made."""
    made = f"user-{uuid.uuid4().hex[:10]}"
    users.create_user(made, word)
    return made


@pytest.fixture
def shared(users):
    """The id of an experiment of the admin's."""
    return MlflowClient(origin).create_experiment(unique("shared"))


def test_a_user_is_made_and_found(users):
    called = f"made-{uuid.uuid4().hex[:10]}"
    made = users.create_user(called, word)
    equal((made.username, made.is_admin), (called, False))
    equal(users.get_user(called).id, made.id)
    with refused("RESOURCE_ALREADY_EXISTS"):
        users.create_user(called, word)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        users.get_user("nobody-has-this-name")


def test_who_does_not_sign_in_or_gives_a_wrong_password_gets_nothing(sign_in, name, monkeypatch):
    client, _ = sign_in(name, "a wrong word")
    with pytest.raises(mlflow.MlflowException):
        client.get_experiment("0")
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD")
    with pytest.raises(mlflow.MlflowException):
        client.get_experiment("0")
    equal(requests.get(f"{origin}/api/2.0/mlflow/experiments/get?experiment_id=0", timeout=30).status_code, 401)


def test_a_user_signs_in_by_name_and_password_and_logs(sign_in, name):
    client, _ = sign_in(name)
    made = client.create_experiment(unique("mine"))
    run = client.create_run(made).info.run_id
    client.log_metric(run, "loss", 0.5)
    client.log_text(run, "tides", "notes.txt")
    equal(client.get_run(run).data.metrics, {"loss": 0.5})
    equal([each.path for each in client.list_artifacts(run)], ["notes.txt"])


@pytest.mark.differs("MLflow's basic-auth has no tokens")
def test_a_token_gets_in_and_is_refused_once_it_is_revoked(sign_in, name, monkeypatch):
    def ask(query, **variables):
        answer = requests.post(f"{origin}/graphql", json={"query": query, "variables": variables}, auth=(name, word), timeout=30)
        return answer.json()["data"]

    token = ask('mutation { createToken(name: "laptop") { secret token { id } } }')["createToken"]
    client, _ = sign_in(name)
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token["secret"])
    made = client.create_experiment(unique("by token"))
    equal(client.get_experiment(made).experiment_id, made)
    ask("mutation ($id: ID!) { revokeToken(id: $id) { token { id } } }", id=token["token"]["id"])
    with pytest.raises(mlflow.MlflowException):
        client.get_experiment(made)


def test_a_password_is_changed_by_its_owner_and_by_an_admin(sign_in, name):
    client, own = sign_in(name)
    own.update_user_password(name, "one more long tide", current_password=word)
    client, own = sign_in(name, "one more long tide")
    assert client.get_experiment("0")
    with refused("INVALID_PARAMETER_VALUE", "urrent password"):
        own.update_user_password(name, word)
    sign_in(*admin)[1].update_user_password(name, word)
    assert sign_in(name)[0].get_experiment("0")


def test_a_user_is_made_an_admin_and_deleted(sign_in, users, name):
    with refused("PERMISSION_DENIED"):
        sign_in(name)[1].delete_user(admin[0])
    sign_in(*admin)
    users.update_user_admin(name, True)
    equal(users.get_user(name).is_admin, True)
    users.update_user_admin(name, False)
    users.delete_user(name)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        users.get_user(name)
    with refused("BAD_REQUEST"):
        users.delete_user(admin[0])


def test_a_user_reads_all_and_changes_what_is_their_own(sign_in, name, shared):
    client, _ = sign_in(name)
    equal(client.get_experiment(shared).experiment_id, shared)
    with refused("PERMISSION_DENIED"):
        client.create_run(shared)
    mine = client.create_experiment(unique("own"))
    client.rename_experiment(mine, unique("own, renamed"))
    client.delete_experiment(mine)


def test_what_a_user_may_do_with_one_experiment_is_granted_and_revoked(sign_in, users, name, shared):
    def permission():
        sign_in(*admin)
        found = users.get_user_permission(name, "experiment", shared)
        return found.allowed, found.permission

    equal(permission(), (False, "READ"))
    users.grant_user_permission(name, "experiment", shared, "EDIT")
    equal(permission(), (True, "EDIT"))
    sign_in(name)[0].create_run(shared)
    sign_in(*admin)
    with refused("RESOURCE_ALREADY_EXISTS"):
        users.grant_user_permission(name, "experiment", shared, "READ")
    users.revoke_user_permission(name, "experiment", shared)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        users.revoke_user_permission(name, "experiment", shared)
    equal(permission(), (False, "READ"))
    with refused("PERMISSION_DENIED"):
        sign_in(name)[0].create_run(shared)


def test_a_role_gives_what_its_permissions_say_to_those_it_is_assigned_to(sign_in, users, name, shared):
    role = users.create_role("default", unique("editors"), "They may write.")
    equal((role.workspace, role.description, role.permissions), ("default", "They may write.", []))
    added = users.add_role_permission(role.id, "experiment", shared, "EDIT")
    equal((added.role_id, added.resource_type, added.resource_pattern, added.permission), (role.id, "experiment", shared, "EDIT"))
    assigned = users.assign_role(name, role.id)
    equal((assigned.user_id, assigned.role_id), (users.get_user(name).id, role.id))
    equal([each.user_id for each in users.list_role_users(role.id)], [assigned.user_id])
    assert role.id in [each.id for each in users.list_user_roles(name)]
    sign_in(name)[0].create_run(shared)
    sign_in(*admin)
    equal(users.update_role_permission(added.id, "READ").permission, "READ")
    with refused("PERMISSION_DENIED"):
        sign_in(name)[0].create_run(shared)
    sign_in(*admin)
    users.update_role_permission(added.id, "MANAGE")
    users.unassign_role(name, role.id)
    with refused("PERMISSION_DENIED"):
        sign_in(name)[0].create_run(shared)


def test_what_a_role_denies_is_denied_whatever_another_gives(sign_in, users, name, shared):
    gives, takes = [users.create_role("default", unique(word)) for word in ("gives", "takes")]
    users.add_role_permission(gives.id, "experiment", "*", "EDIT")
    denied = users.add_role_permission(takes.id, "experiment", shared, "DENY")
    equal(denied.permission, "DENY")
    users.assign_role(name, gives.id)
    users.assign_role(name, takes.id)
    client, _ = sign_in(name)
    client.create_run("0")
    with pytest.raises(mlflow.MlflowException):
        client.create_run(shared)
    equal([each for each in client.search_experiments() if each.experiment_id == shared], [])


def test_a_role_is_listed_renamed_and_deleted_with_its_permissions(users):
    role = users.create_role("default", unique("short"))
    one = users.add_role_permission(role.id, "workspace", "*", "USE")
    two = users.add_role_permission(role.id, "experiment", "*", "READ")
    equal([each.id for each in users.list_role_permissions(role.id)], [one.id, two.id])
    users.remove_role_permission(one.id)
    renamed = users.update_role(role.id, name=unique("long"), description="said later")
    equal((renamed.description, [each.id for each in renamed.permissions]), ("said later", [two.id]))
    equal(users.get_role(role.id).name, renamed.name)
    assert role.id in [each.id for each in users.list_roles("default")]
    assert role.id in [each.id for each in users.list_all_roles()]
    users.delete_role(role.id)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        users.get_role(role.id)
    with refused("INVALID_PARAMETER_VALUE", "resource type"):
        users.add_role_permission(users.create_role("default", unique("odd")).id, "tide", "*", "READ")


def test_only_who_manages_changes_roles_and_permissions(sign_in, users, name, shared):
    role = users.create_role("default", unique("closed"))
    _, own = sign_in(name)
    with refused("PERMISSION_DENIED"):
        own.create_role("default", unique("own"))
    with refused("PERMISSION_DENIED"):
        own.assign_role(name, role.id)
    with refused("PERMISSION_DENIED"):
        own.add_role_permission(role.id, "experiment", "*", "MANAGE")
    with refused("PERMISSION_DENIED"):
        own.grant_user_permission(name, "experiment", shared, "MANAGE")
    with refused("PERMISSION_DENIED"):
        own.update_user_admin(name, True)
    equal(own.get_user_permission(name, "experiment", shared).permission, "READ")


def test_a_registered_model_is_guarded_by_grants_and_roles(sign_in, users, name):
    client, _ = sign_in(*admin)
    model = client.create_registered_model(unique("guarded")).name
    equal(users.get_user_permission(name, "registered_model", model).permission, "READ")
    users.grant_user_permission(name, "registered_model", model, "EDIT")
    sign_in(name)
    client.update_registered_model(model, description="said by another")
    sign_in(*admin)
    users.revoke_user_permission(name, "registered_model", model)
    role = users.create_role("default", unique("models"))
    added = users.add_role_permission(role.id, "registered_model", model, "EDIT")
    equal(added.resource_pattern, model)
    users.assign_role(name, role.id)
    sign_in(name)
    client.update_registered_model(model, description="and again")
    sign_in(*admin)
    equal(users.update_role_permission(added.id, "DENY").permission, "DENY")
    sign_in(name)
    with pytest.raises(mlflow.MlflowException):
        client.get_registered_model(model)
    equal([each.name for each in client.search_registered_models() if each.name == model], [])


def databricks(name, password):
    from databricks.sdk import WorkspaceClient

    return WorkspaceClient(host=origin, username=name, password=password, auth_type="basic").model_registry


@pytest.mark.differs("Databricks' permissions, which MLflow does not have")
def test_databricks_sdk_says_who_may_do_what_with_a_model(sign_in, users, name):
    from databricks.sdk.errors import NotFound, PermissionDenied
    from databricks.sdk.service.ml import RegisteredModelAccessControlRequest as Entry
    from databricks.sdk.service.ml import RegisteredModelPermissionLevel as Level

    asked = databricks(*admin)
    client, _ = sign_in(*admin)
    model = unique("model")
    client.create_registered_model(model)
    client.create_model_version(model, "s3://models/tide")
    id = asked.get_model(model).registered_model_databricks.id
    found = [it.permission_level for it in asked.get_permission_levels(id).permission_levels]
    staging, production = Level.CAN_MANAGE_STAGING_VERSIONS, Level.CAN_MANAGE_PRODUCTION_VERSIONS
    equal(found, [Level.CAN_READ, Level.CAN_EDIT, staging, production, Level.CAN_MANAGE])

    def own(given):
        return {each.user_name: it.permission_level for each in given.access_control_list for it in each.all_permissions if not it.inherited}

    set_to = asked.set_permissions(id, access_control_list=[Entry(user_name=name, permission_level=staging)])
    equal((set_to.object_id, set_to.object_type), (f"/registered-models/{id}", "registered-model"))
    equal(own(set_to), {name: staging})
    equal(own(asked.get_permissions(id)), own(set_to))
    theirs = databricks(name, word)
    equal(theirs.get_model(model).registered_model_databricks.permission_level.value, "CAN_MANAGE_STAGING_VERSIONS")
    theirs.transition_stage(model, "1", "Staging", False)
    with pytest.raises(PermissionDenied):
        theirs.transition_stage(model, "1", "Production", False)
    with pytest.raises(PermissionDenied):
        theirs.get_permissions(id)
    # What it is called in MLflow's own words.
    equal(users.get_user_permission(name, "registered_model", model).permission, "EDIT")
    changed = asked.update_permissions(id, access_control_list=[Entry(user_name=name, permission_level=production)])
    equal(own(changed), {name: production})
    theirs.transition_stage(model, "1", "Production", False)
    equal(client.get_model_version(model, "1").current_stage, "Production")
    equal(own(asked.set_permissions(id, access_control_list=[])), {})
    with pytest.raises(NotFound):
        asked.get_permissions("987654321")


@pytest.mark.differs("Databricks' permissions, which MLflow does not have")
def test_databricks_sdk_gives_a_level_on_all_models(sign_in, name):
    from databricks.sdk.errors import PermissionDenied
    from databricks.sdk.service.ml import RegisteredModelAccessControlRequest as Entry
    from databricks.sdk.service.ml import RegisteredModelPermissionLevel as Level

    asked = databricks(*admin)
    client, _ = sign_in(*admin)
    model = unique("model")
    client.create_registered_model(model)
    client.create_model_version(model, "s3://models/tide")
    theirs = databricks(name, word)
    with pytest.raises(PermissionDenied):
        theirs.transition_stage(model, "1", "Production", False)
    asked.update_permissions("root", access_control_list=[Entry(user_name=name, permission_level=Level.CAN_MANAGE_PRODUCTION_VERSIONS)])
    id = asked.get_model(model).registered_model_databricks.id
    inherited = [it for each in asked.get_permissions(id).access_control_list if each.user_name == name for it in each.all_permissions]
    equal([(it.permission_level, it.inherited) for it in inherited], [(Level.CAN_MANAGE_PRODUCTION_VERSIONS, True)])
    theirs.transition_stage(model, "1", "Production", False)
    asked.set_permissions("root", access_control_list=[Entry(user_name=name, permission_level=Level.CAN_EDIT)])
    client.set_model_version_tag(model, "1", "k", "v")
    with pytest.raises(PermissionDenied):
        theirs.transition_stage(model, "1", "Archived", False)
    asked.set_permissions("root", access_control_list=[])
