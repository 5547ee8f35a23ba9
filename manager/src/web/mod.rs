//! What the daemon shows over HTTP.

mod listener;

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::registry::Registry;

pub use self::listener::Listener;
use crate::{metrics::Form, serve::Published};

/// The pages: metrics, and whether the daemon lives and is ready.
pub fn router(registry: Arc<Registry>, published: Published) -> Router {
    let metrics = get(metrics).with_state(registry);
    Router::new()
        .route("/metrics", metrics)
        .route("/healthz", get("ok\n"))
        .route("/readyz", get(ready).with_state(published))
}

async fn metrics(State(registry): State<Arc<Registry>>, headers: HeaderMap) -> Response {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    let form = Form::accepted(&accept.collect::<Vec<_>>().join(","));
    match form.encode(&registry) {
        Ok(text) => ([(header::CONTENT_TYPE, form.content_type())], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Ready is who has asked every node once: before that, nobody knows what is absent.
async fn ready(State(published): State<Published>) -> (StatusCode, &'static str) {
    match published.polled.borrow().complete {
        true => (StatusCode::OK, "ready\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the first poll is not over\n"),
    }
}
