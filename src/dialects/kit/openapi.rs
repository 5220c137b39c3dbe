//! Completes OpenAPI documents. Annotations on handlers describe what is specific to an operation; everything common is
//! added here from the route table, the dialect's rejections and the names of members.

use super::{Access, Dialect, KeyPolicy, Rejection, Reply, ReplyBody, ReplyContext, UnknownMembers};
use crate::domain::access::Right;
use crate::domain::ids::RequestId;
use crate::domain::refusal::{Credentials, Excess, Noun, Refusal};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What all operations of a dialect have in common and the route table does not say.
pub struct Style {
    /// The security scheme of calls that need credentials.
    pub scheme: &'static str,
    /// Parameters of every write that takes an idempotency key, by their names in `components`.
    pub write_parameters: &'static [&'static str],
    /// Schemas of answers that carry an `ETag`.
    pub versioned: &'static [&'static str],
    pub error: &'static str,
}

/// What the introduction of a document says about its API.
pub struct About<'a> {
    pub title: &'a str,
    /// Markdown.
    pub description: &'a str,
    /// The groups of operations, each with what they are about; empty if their names say it.
    pub tags: &'a [(&'a str, &'a str)],
    /// Where operators get their tokens.
    pub token: &'a str,
}

/// Where a member occurs, which decides how strictly it is described.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In a body that the server writes, always in the same form.
    Answer,
    /// In a body that the server reads.
    Request,
    /// In a path, a query string or a header.
    Parameter,
}

/// A member of a schema, or a parameter; of an array, its items.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    pub place: Place,
    /// The schema's name; of a parameter, the path.
    pub owner: &'a str,
    pub name: &'a str,
    /// The schema from the annotation.
    pub schema: &'a Value,
}

impl Member<'_> {
    /// Whether its JSON type is, or includes, `kind`.
    pub fn is(&self, kind: &str) -> bool {
        has_type(self.schema, kind)
    }
}

/// An OpenAPI document under construction.
pub struct Document(Value);

impl Document {
    /// Starts from the annotations of the handlers.
    pub fn new(annotated: &utoipa::openapi::OpenApi) -> Document {
        Document(serde_json::to_value(annotated).unwrap_or_else(|error| {
            tracing::error!(%error, "an OpenAPI document has no JSON form");
            json!({})
        }))
    }

    pub fn finish(self) -> Value {
        self.0
    }

    /// Adds a reusable component, such as `("schemas", "Money", …)`.
    pub fn add(&mut self, kind: &str, name: &str, part: Value) {
        self.0["components"][kind][name] = part;
    }

    /// Removes a component that nothing refers to any more.
    pub fn remove(&mut self, kind: &str, name: &str) {
        if let Some(parts) = self.0["components"][kind].as_object_mut() {
            parts.remove(name);
        }
    }

    pub fn root(&mut self) -> &mut Value {
        &mut self.0
    }

    /// Adds the introduction, the scheme of tokens, and the parameters that writes may have: `IdempotencyKey` and
    /// `DryRun`.
    pub fn introduce(&mut self, about: &About<'_>) {
        self.0["info"] = json!({
            "title": about.title,
            "description": about.description,
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        });
        if !about.tags.is_empty() {
            let tag = |(name, description): &(&str, &str)| json!({ "name": name, "description": description });
            self.0["tags"] = about.tags.iter().map(tag).collect();
        }
        let token = json!({ "type": "http", "scheme": "bearer", "description": about.token });
        self.add("securitySchemes", "token", token);
        self.add(
            "parameters",
            "IdempotencyKey",
            json!({
                "name": "Idempotency-Key",
                "in": "header",
                "description": "Repeating a call with the same key returns the first answer.",
                "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
            }),
        );
        self.add(
            "parameters",
            "DryRun",
            json!({
                "name": "dryRun",
                "in": "query",
                "description": "true: check and answer the call without doing it.",
                "schema": { "type": "boolean", "default": false },
            }),
        );
    }

    pub fn schema(&mut self, name: &str) -> &mut Value {
        &mut self.0["components"]["schemas"][name]
    }

    /// Visits every operation with its method (`GET`) and path.
    pub fn each_operation(&mut self, mut visit: impl FnMut(&str, &str, &mut Value)) {
        let Some(paths) = self.0["paths"].as_object_mut() else { return };
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                visit(&method.to_uppercase(), path, operation);
            }
        }
    }

    /// Gives every operation its id, security, common parameters and headers, and the errors that it can answer. What
    /// the annotations already say is kept.
    pub fn complete_operations(&mut self, dialect: &dyn Dialect, style: &Style) {
        self.add_headers();
        let errors = error_responses(dialect, style);
        for (status, response) in &errors {
            self.add("responses", &response_name(*status), response.clone());
        }
        let schemas = self.0["components"]["schemas"].clone();
        let routes = dialect.routes();
        let context = ReplyContext::new(RequestId::from(Uuid::nil()));
        self.each_operation(|method, path, operation| {
            let Some(route) = routes.iter().find(|route| route.method == *method && route.path == path) else { return };
            let (is_open, is_write) = (route.access == Access::Open, route.method != Method::GET);
            let is_repeatable = is_write && !is_open && route.key_policy != KeyPolicy::Ignored;
            operation["operationId"] = route.operation.into();
            operation["security"] = if is_open { json!([]) } else { json!([{ style.scheme: [] }]) };
            if is_repeatable {
                let parameters = style.write_parameters.iter().map(|name| reference("parameters", name));
                push(&mut operation["parameters"], parameters);
            }
            describe_success(operation, &schemas, style, dialect, is_repeatable);
            let facts = Facts {
                is_open,
                is_write,
                is_repeatable,
                has_body: operation.get("requestBody").is_some(),
                names_objects: path.contains('{') || names_objects(&operation["requestBody"], &schemas),
                has_version: operation.to_string().contains("If-Match"),
            };
            let responses = &mut operation["responses"];
            for rejection in facts.rejections() {
                let status = dialect.refuse(&rejection, &context).status;
                responses[status.as_str()] = reference("responses", &response_name(status.as_u16()));
            }
            // Errors that only the annotation lists.
            for (status, response) in responses.as_object_mut().into_iter().flatten() {
                let known = status.parse().ok().filter(|status| errors.contains_key(status));
                if let Some(status) = known {
                    *response = reference("responses", &response_name(status));
                }
            }
        });
    }

    /// Applies a rule to every member and parameter; where it returns `None`, the annotation stays as it is.
    pub fn describe_members(&mut self, rule: impl Fn(&Member<'_>) -> Option<Value>) {
        let answers = self.schemas_of_answers();
        for (owner, schema) in self.0["components"]["schemas"].as_object_mut().into_iter().flatten() {
            let place = if answers.contains(owner) { Place::Answer } else { Place::Request };
            each_properties(schema, &mut |properties| {
                for (name, member) in properties {
                    describe(member, &|schema| rule(&Member { place, owner, name, schema }));
                }
            });
        }
        self.each_operation(|_, path, operation| {
            let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
            for parameter in parameters.into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap_or_default().to_owned();
                let member =
                    |schema: &Value| rule(&Member { place: Place::Parameter, owner: path, name: &name, schema });
                if let Some(schema) = parameter.get_mut("schema") {
                    without_null(schema);
                    describe(schema, &member);
                }
            }
        });
    }

    /// Makes nullable members of answers required, because the server writes null instead of omitting them. A member
    /// that may be omitted is annotated `nullable = false`.
    pub fn require_members_of_answers(&mut self) {
        let answers = self.schemas_of_answers();
        for (name, schema) in self.0["components"]["schemas"].as_object_mut().into_iter().flatten() {
            if answers.contains(name) {
                each_object(schema, &mut |object| {
                    let properties = object.get("properties").and_then(Value::as_object);
                    let nullable = properties.into_iter().flatten().filter(|(_, member)| is_nullable(member));
                    let names: Vec<Value> = nullable.map(|(name, _)| name.as_str().into()).collect();
                    if !names.is_empty() {
                        push(object.entry("required").or_insert(Value::Null), names);
                    }
                });
            }
        }
    }

    /// Makes members of a request required and not nullable.
    pub fn require(&mut self, schema: &str, names: &[&str]) {
        let schema = self.schema(schema);
        for name in names {
            without_null(&mut schema["properties"][*name]);
        }
        push(&mut schema["required"], names.iter().map(|name| Value::from(*name)));
    }

    /// Sets `additionalProperties: false` on the request schemas of routes that refuse unknown members.
    pub fn close_requests(&mut self, dialect: &dyn Dialect) {
        let routes = dialect.routes();
        let mut names = Vec::new();
        self.each_operation(|method, path, operation| {
            let mut of_path = routes.iter().filter(|route| route.method == *method && route.path == path);
            if of_path.any(|route| route.unknown_members == UnknownMembers::Refused) {
                references(&operation["requestBody"], &mut names);
            }
        });
        for name in names {
            self.schema(&name)["additionalProperties"] = false.into();
        }
    }

    /// Copies a request's schema under another name for one operation, leaving out some members.
    pub fn derive(&mut self, schema: &str, name: &str, (method, path): (&str, &str), without: &[&str]) {
        let mut copy = self.schema(schema).clone();
        if let Some(properties) = copy["properties"].as_object_mut() {
            properties.retain(|name, _| !without.contains(&name.as_str()));
        }
        self.add("schemas", name, copy);
        let body = &mut self.0["paths"][path][method]["requestBody"];
        body["content"]["application/json"]["schema"] = reference("schemas", name);
    }

    /// The names of all schemas used in answers, directly or nested.
    fn schemas_of_answers(&mut self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = Vec::new();
        self.each_operation(|_, _, operation| references(&operation["responses"], &mut open));
        references(&self.0["components"]["responses"], &mut open);
        while let Some(name) = open.pop() {
            references(&self.0["components"]["schemas"][&name], &mut open);
            if !found.insert(name) {
                open.retain(|name| !found.contains(name));
            }
        }
        found
    }

    fn add_headers(&mut self) {
        let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
        let mut id = text("The request's id, as in the server's log.");
        id["schema"]["format"] = "uuid".into();
        self.add("headers", "RequestId", id);
        let mut seconds = text("Seconds to wait before repeating the call.");
        seconds["schema"] = json!({ "type": "integer", "minimum": 0 });
        self.add("headers", "Retry-After", seconds);
        let mut tag = text("The object's version, in quotes; send it back as `If-Match`.");
        tag["schema"]["pattern"] = "^\"[0-9]+\"$".into();
        self.add("headers", "ETag", tag);
        let mut replayed = text("Present if this repeats the answer to an earlier call with the same key.");
        replayed["schema"]["const"] = "true".into();
        self.add("headers", "Replayed", replayed);
        self.add("headers", "WWW-Authenticate", text("How to authenticate."));
    }
}

/// Facts about an operation that decide which errors it can answer.
struct Facts {
    is_open: bool,
    is_write: bool,
    is_repeatable: bool,
    has_body: bool,
    names_objects: bool,
    has_version: bool,
}

impl Facts {
    /// One representative of each kind of rejection that the operation can answer.
    fn rejections(&self) -> Vec<Rejection> {
        let all = representatives();
        let meets = |rejection: &Rejection| match rejection {
            Rejection::BodyTimeout | Rejection::BodyTooLarge { .. } => self.is_write,
            Rejection::WrongContentType => self.has_body,
            Rejection::Refused(refusal) => match refusal {
                Refusal::Unauthenticated(_) => !self.is_open,
                Refusal::NotFound { .. } => self.names_objects,
                Refusal::IdempotencyConflict => self.is_repeatable,
                Refusal::VersionMismatch { .. } => self.has_version,
                Refusal::Throttled { .. } => !self.is_open,
                Refusal::EventsPruned { .. } => false,
                _ => true,
            },
            _ => true,
        };
        all.into_iter().filter(meets).collect()
    }
}

/// One rejection for each HTTP status that a dialect may use.
fn representatives() -> Vec<Rejection> {
    let transport = [
        Rejection::HeadersTooLarge { limit_bytes: 32_768 },
        Rejection::BodyTimeout,
        Rejection::BodyTooLarge { limit_bytes: 1_048_576 },
        Rejection::WrongContentType,
        Rejection::missing("amount"),
    ];
    let core = [
        Refusal::AddressNotAllowed,
        Refusal::Forbidden { right: Right::ReadAccounts },
        Refusal::Throttled { what: Excess::Logins, retry_after_s: 4 },
        Refusal::Unauthenticated(Credentials::Missing),
        Refusal::EventsPruned { oldest: 1200 },
        Refusal::IdempotencyConflict,
        Refusal::not_found(Noun::Account),
        Refusal::VersionMismatch { expected: 3, actual: 4 },
        Refusal::Busy { retry_after_s: 1 },
        Refusal::Internal,
    ];
    transport.into_iter().chain(core.map(Rejection::from)).collect()
}

/// The error responses by status, each with an example in the dialect's envelope.
fn error_responses(dialect: &dyn Dialect, style: &Style) -> BTreeMap<u16, Value> {
    let mut responses = BTreeMap::new();
    let context = ReplyContext::new(RequestId::from(Uuid::nil()));
    for rejection in representatives() {
        let Reply { status, headers: sent, body, .. } = dialect.refuse(&rejection, &context);
        let (ReplyBody::Whole(body), Some(content_type)) = (body, content_type(&sent)) else { continue };
        let mut headers = request_id(dialect);
        match status {
            StatusCode::UNAUTHORIZED => {
                headers["WWW-Authenticate"] = reference("headers", "WWW-Authenticate");
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers["Retry-After"] = reference("headers", "Retry-After");
            }
            _ => {}
        }
        responses.entry(status.as_u16()).or_insert_with(|| {
            let example = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let media = json!({ "schema": reference("schemas", style.error), "example": example });
            let reason = status.canonical_reason().unwrap_or("Refused");
            json!({
                "description": format!("{reason}. Nothing was changed."),
                "headers": headers,
                "content": { content_type: media },
            })
        });
    }
    responses
}

/// The media type of an answer, without parameters.
fn content_type(headers: &[(HeaderName, HeaderValue)]) -> Option<String> {
    let (_, value) = headers.iter().find(|(name, _)| name == header::CONTENT_TYPE)?;
    Some(value.to_str().ok()?.split(';').next()?.to_owned())
}

fn request_id(dialect: &dyn Dialect) -> Value {
    json!({ dialect.request_id_header(): reference("headers", "RequestId") })
}

/// Adds the description and the headers to the responses with status 2xx.
fn describe_success(operation: &mut Value, schemas: &Value, style: &Style, dialect: &dyn Dialect, is_repeatable: bool) {
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        if !status.starts_with('2') {
            continue;
        }
        let mut names = Vec::new();
        let contents = response["content"].as_object();
        contents.into_iter().flatten().for_each(|(_, media)| references(&media["schema"], &mut names));
        let described = names.first().and_then(|name| schemas[name]["description"].as_str());
        let mut headers = request_id(dialect);
        if names.iter().any(|name| style.versioned.contains(&name.as_str())) {
            headers["ETag"] = reference("headers", "ETag");
        }
        if is_repeatable {
            headers[dialect.replayed_header()] = reference("headers", "Replayed");
        }
        response["headers"] = headers;
        if response["description"].as_str().unwrap_or_default().is_empty() {
            response["description"] = described.unwrap_or("Done.").into();
        }
    }
}

/// The name of the response component for a status, such as `NotFound`.
fn response_name(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| format!("Status{status}"), |reason| reason.replace(' ', ""))
}

/// A `$ref` to a component.
pub fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// Whether a request body refers to objects by id, so that `NOT_FOUND` is possible.
fn names_objects(request: &Value, schemas: &Value) -> bool {
    let mut open = Vec::new();
    references(request, &mut open);
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        let schema = &schemas[&name];
        let properties = schema["properties"].as_object();
        if properties.into_iter().flatten().any(|(name, _)| name.ends_with("Id")) {
            return true;
        }
        if seen.insert(name) {
            references(schema, &mut open);
        }
    }
    false
}

/// Collects the names of the schemas referenced anywhere in `part`.
fn references(part: &Value, found: &mut Vec<String>) {
    match part {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str);
            found.extend(target.and_then(|target| target.strip_prefix("#/components/schemas/")).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// Visits a schema and the parts of its `allOf`.
fn each_object(schema: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
        each_object(part, visit);
    }
    if let Some(object) = schema.as_object_mut() {
        visit(object);
    }
}

/// Visits the properties of a schema and of the parts of its `allOf`.
fn each_properties(schema: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    each_object(schema, &mut |object| {
        if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
            visit(properties);
        }
    });
}

/// Applies a rule to a schema, or to the items of an array.
fn describe(schema: &mut Value, rule: &impl Fn(&Value) -> Option<Value>) {
    if has_type(schema, "array") {
        return describe(&mut schema["items"], rule);
    }
    // A referenced schema is described where it is defined.
    if schema.get("$ref").is_some() || schema.get("oneOf").is_some() {
        return;
    }
    let Some(form) = rule(schema) else { return };
    let is_nullable = is_nullable(schema);
    let Some(form) = form.as_object() else { return };
    let Some(members) = schema.as_object_mut() else { return };
    if form.contains_key("$ref") || form.contains_key("type") {
        members.retain(|name, _| ["description", "example", "default"].contains(&name.as_str()));
    }
    match form.get("$ref") {
        Some(target) if is_nullable => {
            members.insert("oneOf".into(), json!([{ "$ref": target }, { "type": "null" }]));
        }
        _ => members.extend(form.clone()),
    }
    if let (true, Some(kind)) = (is_nullable, members.get("type").and_then(Value::as_str)) {
        let kinds = json!([kind, "null"]);
        members.insert("type".into(), kinds);
    }
}

fn has_type(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::String(name) => name == kind,
        Value::Array(names) => names.iter().any(|name| name == kind),
        _ => false,
    }
}

fn is_nullable(schema: &Value) -> bool {
    let alternatives = schema["oneOf"].as_array();
    has_type(schema, "null") || alternatives.into_iter().flatten().any(|one| has_type(one, "null"))
}

/// Makes a schema not nullable.
pub fn without_null(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    if let Some(kinds) = members.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            members.insert("type".into(), kind);
        }
    }
    let alternatives = members.get_mut("oneOf").and_then(Value::as_array_mut);
    let Some(alternatives) = alternatives else { return };
    alternatives.retain(|one| !has_type(one, "null"));
    if let [Value::Object(one)] = alternatives.as_slice() {
        let one = one.clone();
        members.remove("oneOf");
        members.extend(one);
    }
}

/// Appends items that are not in the array yet; creates the array if necessary.
fn push(list: &mut Value, items: impl IntoIterator<Item = Value>) {
    if !list.is_array() {
        *list = json!([]);
    }
    if let Some(list) = list.as_array_mut() {
        for item in items {
            if !list.contains(&item) {
                list.push(item);
            }
        }
    }
}
