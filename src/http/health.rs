//! `/livez` and `/readyz`: for supervisors and load balancers, without a token.

use super::gate::Gate;
use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

pub(super) fn mount(config: &mut ServiceConfig) {
    let only_get =
        || web::to(|| async { HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, "GET, HEAD")).finish() });
    let live =
        web::resource("/livez").route(web::get().to(live)).route(web::head().to(live)).default_service(only_get());
    let ready =
        web::resource("/readyz").route(web::get().to(ready)).route(web::head().to(ready)).default_service(only_get());
    config.service(live).service(ready);
}

/// The machine itself may always ask, whatever the allow list says. A call that was forwarded is not its own.
fn may_ask(request: &HttpRequest, gate: &Gate) -> bool {
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let is_own = peer.is_some_and(|peer| peer.is_loopback()) && !request.headers().contains_key("x-forwarded-for");
    is_own || gate.admits(gate.address(peer, request.headers()))
}

fn answer(status: actix_web::http::StatusCode, body: &serde_json::Value) -> HttpResponse {
    HttpResponse::build(status).insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}

fn turned_away() -> HttpResponse {
    answer(actix_web::http::StatusCode::FORBIDDEN, &serde_json::json!({"status": "forbidden"}))
}

async fn live(request: HttpRequest, gate: web::Data<Gate>) -> HttpResponse {
    if !may_ask(&request, &gate) {
        return turned_away();
    }
    answer(actix_web::http::StatusCode::OK, &serde_json::json!({"status": "live"}))
}

/// Ready means: the database answers reads, and the last write worked. If it did not, there must be room on the disk and
/// a write must work now.
async fn ready(request: HttpRequest, gate: web::Data<Gate>) -> HttpResponse {
    if !may_ask(&request, &gate) {
        return turned_away();
    }
    let app = gate.app().clone();
    match app.unreadiness().await {
        None => answer(actix_web::http::StatusCode::OK, &serde_json::json!({"status": "ready"})),
        Some(reason) => unready(&reason),
    }
}

fn unready(reason: &str) -> HttpResponse {
    let body = serde_json::json!({"status": "unavailable", "reason": reason});
    answer(actix_web::http::StatusCode::SERVICE_UNAVAILABLE, &body)
}
