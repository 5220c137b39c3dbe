//! Probes for supervisors and load balancers: `/livez` and `/readyz`, which need no token.

use super::door::Door;
use super::forwarded;
use super::gate::Gate;
use super::listeners::OwnMachine;
use crate::app::App;
use crate::app::clock::{ClockReport, ClockState};
use crate::app::maintenance::BackupState;
use crate::system::lines_lost;
use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;

pub(super) fn mount(config: &mut ServiceConfig) {
    let only_get =
        || web::to(|| async { HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, "GET, HEAD")).finish() });
    let live =
        web::resource("/livez").route(web::get().to(live)).route(web::head().to(live)).default_service(only_get());
    let ready =
        web::resource("/readyz").route(web::get().to(ready)).route(web::head().to(ready)).default_service(only_get());
    config.service(live).service(ready);
}

/// The answer to callers who may not ask. This machine always may, even if the allow list omits it, unless a proxy
/// forwarded the call.
fn refusal(request: &HttpRequest, gate: &Gate) -> Option<HttpResponse> {
    let sender = gate.sender(request.head());
    let is_own = request.conn_data::<OwnMachine>().is_some() && !forwarded::is_forwarded(request.headers());
    if is_own || gate.admits(&sender) {
        return None;
    }
    let mut refused = answer(actix_web::http::StatusCode::FORBIDDEN, &serde_json::json!({"status": "forbidden"}));
    gate.turn_away(&sender, gate.app().request_id(), refused.head_mut());
    Some(refused)
}

fn answer(status: actix_web::http::StatusCode, body: &serde_json::Value) -> HttpResponse {
    HttpResponse::build(status).insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}

async fn live(request: HttpRequest, gate: web::Data<Gate>) -> HttpResponse {
    if let Some(refused) = refusal(&request, &gate) {
        return refused;
    }
    answer(actix_web::http::StatusCode::OK, &serde_json::json!({"status": "live"}))
}

/// Ready means that the database answers reads and that the last write succeeded; if it failed, that the disk has space
/// and a new write succeeds.
async fn ready(request: HttpRequest, gate: web::Data<Gate>, door: web::Data<Door>) -> HttpResponse {
    if let Some(refused) = refusal(&request, &gate) {
        return refused;
    }
    let app = gate.app().clone();
    let is_verbose = request.query_string().split('&').any(|part| part == "verbose" || part.starts_with("verbose="));
    match app.unreadiness().await {
        None if is_verbose => {
            let jobs = match app.rests_after() {
                Ok(None) => serde_json::json!({"state": "running"}),
                Ok(Some(restore)) => {
                    serde_json::json!({"state": "resting", "since_restore_to_timeline": restore.timeline,
                    "next": "bursar restore resume"})
                }
                Err(refusal) => serde_json::json!({"state": "unknown", "reason": refusal.to_string()}),
            };
            let body = serde_json::json!({"status": "ready", "backup": backup_state(&app).await, "jobs": jobs,
                "clock": clock_state(&app), "log": {"lines_lost": lines_lost()},
                "write_ahead_log": log_state(&app),
                "turned_away": {"connections": door.strangers(), "over_limit": door.over_limit(),
                    "requests": gate.strangers()}});
            answer(actix_web::http::StatusCode::OK, &body)
        }
        None => answer(actix_web::http::StatusCode::OK, &serde_json::json!({"status": "ready"})),
        Some(reason) if is_verbose => unready(&reason, clock_state(&app)),
        Some(reason) => unready(&reason, serde_json::Value::Null),
    }
}

/// The state of backups. A server without a recent backup still serves, so this never makes it unready.
async fn backup_state(app: &Arc<App>) -> serde_json::Value {
    let app = Arc::clone(app);
    tokio::task::spawn_blocking(move || backup_json(&app.backup_state())).await.unwrap_or_default()
}

/// The state of backups as JSON, for probes and the banner.
pub fn backup_json(state: &BackupState) -> serde_json::Value {
    let record = &state.record;
    // The age is what losing this machine now would cost.
    let mut shipping = serde_json::json!(record.shipping);
    for (target, shipped) in &record.shipping {
        shipping[target]["age_s"] = shipped.shipped_at.map(|at| state.age_s(at)).into();
    }
    let mut last_proof = serde_json::json!(record.last_proof);
    if let Some(proof) = &record.last_proof {
        last_proof["age_s"] = state.age_s(proof.at).into();
    }
    serde_json::json!({
        "state": state.health,
        "obstacle": state.obstacle,
        "drills": state.drills,
        "last_success": record.last_success,
        "last_proof": last_proof,
        "last_failure": record.last_failure,
        "shipping": shipping,
        "last_drill": record.last_drill,
        "last_drill_failure": record.last_drill_failure,
    })
}

/// The size of the database's log, and who keeps it from shrinking.
fn log_state(app: &App) -> serde_json::Value {
    let state = app.store().log_state();
    serde_json::json!({"bytes": state.bytes, "held_by": state.held_by})
}

fn clock_state(app: &App) -> serde_json::Value {
    app.clock_report().map_or_else(|refusal| refusal.to_string().into(), |report| clock_json(&report))
}

/// The state of the clock as JSON, for probes, the banner and `bursar clock`.
pub fn clock_json(report: &ClockReport) -> serde_json::Value {
    serde_json::json!({
        "state": report.state,
        "now": report.now.to_string(),
        "last_recorded": report.recorded.to_string(),
        "off_by_s": report.off_by_ms / 1000,
        "next": (report.state == ClockState::Ahead).then_some("bursar clock accept"),
    })
}

fn unready(reason: &str, clock: serde_json::Value) -> HttpResponse {
    let mut body = serde_json::json!({"status": "unavailable", "reason": reason});
    if !clock.is_null() {
        body["clock"] = clock;
    }
    answer(actix_web::http::StatusCode::SERVICE_UNAVAILABLE, &body)
}
