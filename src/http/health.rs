//! `/livez` and `/readyz`: for supervisors and load balancers, without a token.

use super::gate::Gate;
use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

pub(super) fn mount(config: &mut ServiceConfig) {
    config.route("/livez", web::get().to(live)).route("/readyz", web::get().to(ready));
}

/// The machine itself may always ask, whatever the allow list says.
fn may_ask(request: &HttpRequest, gate: &Gate) -> bool {
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    peer.is_some_and(|peer| peer.is_loopback()) || gate.admits(gate.address(peer, request.headers()))
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
    let found = web::block(move || {
        let store = app.store();
        store.read(|tx| tx.installation()).map_err(|_| "the database cannot be read".to_owned())?;
        let is_in_doubt = store.health().failure().is_some();
        if is_in_doubt {
            store.try_room()?;
        }
        Ok::<_, String>(is_in_doubt)
    });
    let app = gate.app();
    match found.await {
        Ok(Ok(false)) => is_ready(),
        Ok(Ok(true)) => match app.probe().await {
            Ok(()) => is_ready(),
            Err(refusal) => unready(&app.store().health().failure().unwrap_or_else(|| refusal.to_string())),
        },
        Ok(Err(reason)) => unready(&reason),
        Err(_) => unready("the server is too busy to tell"),
    }
}

fn is_ready() -> HttpResponse {
    answer(actix_web::http::StatusCode::OK, &serde_json::json!({"status": "ready"}))
}

fn unready(reason: &str) -> HttpResponse {
    let body = serde_json::json!({"status": "unavailable", "reason": reason});
    answer(actix_web::http::StatusCode::SERVICE_UNAVAILABLE, &body)
}
